import type { ApiKey } from "../../api/client";
import type { Budget } from "../../api/money";

/** What a person has chosen. All of it is text, as the API takes it. */
export interface Draft {
  action: string;
  scope: string;
  payer: string;
  limit_usd: string;
  period: string;
  unpriced: string;
}

export const empty: Draft = {
  action: "block",
  scope: "workspace",
  payer: "any",
  limit_usd: "20",
  period: "day",
  unpriced: "refuse",
};

export const actions = [
  { value: "block", label: "Block" },
  { value: "notify", label: "Tell about" },
];
export const payers = [
  { value: "any", label: "anyone" },
  { value: "byok", label: "own keys" },
  { value: "managed", label: "managed access" },
];
export const periods = [
  { value: "day", label: "day" },
  { value: "month", label: "month" },
  { value: "total", label: "in all" },
];
export const unpriced = [
  { value: "refuse", label: "are refused" },
  { value: "allow", label: "pass" },
];

/** Which calls there are to choose from. */
export function scopes(agents: readonly string[], keys: readonly ApiKey[]) {
  return [
    { value: "workspace", label: "the workspace" },
    ...agents.map((name) => ({ value: `agent/${name}`, label: `agent ${name}` })),
    ...keys.filter(({ revoked_at }) => !revoked_at).map(({ id, name }) => ({ value: id, label: `API key ${name}` })),
  ];
}

export function draftOf({ action, scope, payer, limit_usd, period, unpriced }: Budget): Draft {
  return { action, scope, payer, limit_usd, period, unpriced };
}

/** An amount as the API takes it; null if it is none. */
export function amount(text: string): string | null {
  return /^\d{1,9}(\.\d{1,9})?$/.test(text) ? text : null;
}

const labelOf = (of: readonly { value: string; label: string }[], value: string) =>
  of.find((one) => one.value === value)?.label ?? value;

/** "Block calls of agent lead paid by anyone above $20.00 per day; calls of unknown price pass." */
export function sentence(draft: Draft, scope: string, limit: string): string {
  const verb = labelOf(actions, draft.action);
  const per = draft.period === "total" ? "in all" : `per ${labelOf(periods, draft.period)}`;
  const said = `${verb} calls of ${scope} paid by ${labelOf(payers, draft.payer)} above ${limit} ${per}`;
  if (draft.action !== "block") return `${said}.`;
  return `${said}; calls of unknown price ${labelOf(unpriced, draft.unpriced)}.`;
}
