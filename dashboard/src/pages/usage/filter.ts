import type { CallFilter } from "../../api/queries";

/** What an address says of the calls to show; `key` is the platform key. */
export interface Search {
  payer?: string;
  model?: string;
  agent?: string;
  key?: string;
  provider?: string;
}

export const filterNames = ["payer", "model", "agent", "key", "provider"] as const;

/** The same as the API asks for it. */
export function filterOf({ payer, model, agent, key, provider }: Search): CallFilter {
  return { payer, model, agent, provider, api_key: key };
}

/** How many of them are set. */
export function filtersSet(search: Search): number {
  return filterNames.filter((name) => search[name]).length;
}
