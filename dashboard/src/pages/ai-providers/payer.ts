import type { PayerOutlook } from "../../api/client";
import type { Credits } from "../../api/money";
import { credits } from "../../format/amount";
import { lasts } from "../../format/credits";

interface Names {
  provider: string;
  product: string;
  plan: string;
}

const OUT_OF_CREDITS = "insufficient_credits";
const OVER_BUDGET = "budget_exceeded";
/** Why calls fail whatever key there is. */
const ofTheWorkspace = [OUT_OF_CREDITS, OVER_BUDGET];

type Left = Pick<Credits, "available" | "runway_days"> | undefined;

/** Who pays, in one line on a card. */
export function payerLine(paid: PayerOutlook, { provider, product, plan }: Names): string {
  if (paid.payer === "byok") return `Your key pays. ${provider} bills you.`;
  if (paid.reason && ofTheWorkspace.includes(paid.reason.code)) return `No calls possible: ${paid.reason.message}.`;
  if (paid.payer === null) return "No calls possible.";
  const place = paid.fallback ? " in place of your key" : "";
  return paid.managed === "included" ? `${product} pays${place}: included in ${plan}.` : `Credits pay${place}.`;
}

/** What comes of calls while something is the matter with the key. */
export function callsNow({ payer, managed, fallback, on_own_key, reason }: PayerOutlook, product: string): string {
  const others = managed === "included" ? `${product}'s managed access pays` : "credits pay";
  if (fallback) return `While it fails, ${others} in its place, as your policy allows.`;
  if (payer === "managed") return `No call goes out on it: ${others}.`;
  if (on_own_key) return reason ? "Calls on it fail; no other payer steps in." : "";
  return reason ? `Calls fail: ${reason.message}.` : "";
}

/** Who will pay, as the dialog that removes the key says it: the main thing, and what it means. */
export function payerAfter(
  paid: PayerOutlook,
  { provider, product, plan, ownOnly }: Names & { ownOnly: boolean },
  left: Left,
): [string, string] {
  if (paid.reason?.code === OUT_OF_CREDITS) return [`${provider} calls fail`, ", because there are no credits left"];
  if (paid.reason?.code === "byok_required") {
    const why = ownOnly ? " (your policy: own key only)" : "";
    return [`${provider} calls will fail`, ` until you add another key${why}`];
  }
  if (paid.payer === null) return [`${provider} calls will fail`, paid.reason ? `: ${paid.reason.message}` : ""];
  if (paid.managed === "included") return [`${product}'s managed access pays; it's included in ${plan}`, ""];
  if (!left) return ["credits pay", ""];
  const runway = lasts(left.runway_days);
  return ["credits pay", `: you have ${credits(left.available)}${runway ? `, ${runway} at last week's pace` : ""}`];
}

/** What is said once the key is gone. */
export function payerNow(paid: PayerOutlook, { provider, product }: Names): string {
  if (paid.reason?.code === OUT_OF_CREDITS) return `Disconnected. ${provider} calls need credits or a key.`;
  if (paid.reason?.code === OVER_BUDGET) return `Disconnected. ${provider} calls fail: ${paid.reason.message}.`;
  if (paid.payer === null) return `Disconnected. No ${provider} calls until there is a key.`;
  if (paid.managed === "included") return `Disconnected. ${product}'s managed access pays from now on.`;
  return "Disconnected. Credits pay from now on.";
}
