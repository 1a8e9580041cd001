import type { ProviderKey } from "./client";

/** Whether calls go out on a key and its provider refuses it: then nobody pays, and no call works. */
export function isRefused({ state, payer_now }: ProviderKey): boolean {
  return state === "invalid" && payer_now.payer === "byok";
}
