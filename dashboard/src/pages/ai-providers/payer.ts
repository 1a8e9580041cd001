import type { PayerOutlook } from "../../api/client";

interface Names {
  provider: string;
  product: string;
  plan: string;
}

/** Who pays, in one line on a card. */
export function payerLine(paid: PayerOutlook, { provider, product, plan }: Names): string {
  if (paid.payer === "byok") return `Your key pays. ${provider} bills you.`;
  if (paid.payer === null) return "No calls possible.";
  return paid.managed === "included" ? `${product} pays: included in ${plan}.` : "Credits pay.";
}

/** Who will pay, as the dialog that removes the key says it. */
export function payerAfter(paid: PayerOutlook, { provider, product, plan }: Names): string {
  if (paid.managed === "included") {
    return `${product}'s managed access pays; it's included in ${plan}`;
  }
  if (paid.payer === "managed") return "credits pay";
  return `${provider} calls will fail until you add another key`;
}

/** What is said once the key is gone. */
export function payerNow(paid: PayerOutlook, { provider, product }: Names): string {
  if (paid.managed === "included") return `Disconnected. ${product}'s managed access pays from now on.`;
  if (paid.payer === "managed") return "Disconnected. Credits pay from now on.";
  return `Disconnected. No ${provider} calls until there is a key.`;
}
