import type { ReceiptDetail } from "../../api/client";
import { credits, isZero, usd } from "../../format/amount";

/** Who paid for a call, in one sentence. */
export function sentence(receipt: ReceiptDetail, provider: string): string {
  const isFree = !receipt.cost_usd && isZero(receipt.credits);
  if (receipt.status >= 400 && isFree) return `Not served: ${receipt.error ?? "refused"}. Nobody was charged.`;
  if (receipt.payer === "byok") {
    const amount = receipt.cost_usd ? `about ${usd(receipt.cost_usd)}` : "an amount we can't know";
    const hint = receipt.key_hints[receipt.credential ?? ""]?.replace(/^.*…/, " …") ?? "";
    return `Paid by your own ${provider} key${hint}. ${provider} bills you ${amount}; 0 credits.`;
  }
  if (receipt.payer === "managed") {
    if (receipt.included) return "Paid by managed access, included in the plan; 0 credits.";
    return `Paid with ${credits(receipt.credits_paid)} credits (managed access).`;
  }
  return `Not served: ${receipt.error ?? "refused"}. Nobody was charged.`;
}
