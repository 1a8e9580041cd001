import type { PaidBy } from "../../api/client";

interface Names {
  provider: string;
  product: string;
  plan: string;
}

/** Who pays, in one line on a card. */
export function payerLine(paid: PaidBy, { provider, product, plan }: Names): string {
  if (paid.payer === "byok") return `Your key pays. ${provider} bills you.`;
  if (paid.payer === null) return "No calls possible.";
  return paid.included ? `${product} pays: included in ${plan}.` : "Credits pay.";
}

/** Who will pay, as the dialog that removes the key says it. */
export function payerAfter(paid: PaidBy, { provider, product, plan }: Names): string {
  if (paid.payer === "managed" && paid.included) {
    return `${product}'s managed access pays; it's included in ${plan}`;
  }
  if (paid.payer === "managed") return "credits pay";
  if (paid.reason?.code === "insufficient_credits") return `${provider} calls fail, because there are no credits left`;
  return `${provider} calls will fail until you add another key`;
}

/** What is said once the key is gone. */
export function payerNow(paid: PaidBy, { provider, product }: Names): string {
  if (paid.payer === "managed" && paid.included) return `Disconnected. ${product}'s managed access pays from now on.`;
  if (paid.payer === "managed") return "Disconnected. Credits pay from now on.";
  if (paid.reason?.code === "insufficient_credits") return `Disconnected. ${provider} calls need credits or a key.`;
  return `Disconnected. No ${provider} calls until there is a key.`;
}
