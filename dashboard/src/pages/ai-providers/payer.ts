import type { PayerOutlook } from "../../api/client";
import type { Credits } from "../../api/money";
import { credits, isZero } from "../../format/amount";
import { lasts } from "../../format/credits";

interface Names {
  provider: string;
  product: string;
  plan: string;
}

type Left = Pick<Credits, "available" | "runway_days"> | undefined;

/** Who pays, in one line on a card. */
export function payerLine(paid: PayerOutlook, { provider, product, plan }: Names): string {
  if (paid.payer === "byok") return `Your key pays. ${provider} bills you.`;
  if (paid.payer === null) return "No calls possible.";
  return paid.managed === "included" ? `${product} pays: included in ${plan}.` : "Credits pay.";
}

/** Who will pay, as the dialog that removes the key says it: the main thing, and what it means. */
export function payerAfter(paid: PayerOutlook, { provider, product, plan }: Names, left: Left): [string, string] {
  if (paid.managed === "included") return [`${product}'s managed access pays; it's included in ${plan}`, ""];
  if (paid.payer !== "managed") return [`${provider} calls will fail until you add another key`, ""];
  if (!left) return ["credits pay", ""];
  if (isZero(left.available)) return [`${provider} calls fail`, ", because there are no credits left"];
  const runway = lasts(left.runway_days);
  return ["credits pay", `: you have ${credits(left.available)}${runway ? `, ${runway} at last week's pace` : ""}`];
}

/** What is said once the key is gone. */
export function payerNow(paid: PayerOutlook, { provider, product }: Names, left: Left): string {
  if (paid.managed === "included") return `Disconnected. ${product}'s managed access pays from now on.`;
  if (paid.payer !== "managed") return `Disconnected. No ${provider} calls until there is a key.`;
  if (left && isZero(left.available)) return `Disconnected. ${provider} calls need credits or a key.`;
  return "Disconnected. Credits pay from now on.";
}
