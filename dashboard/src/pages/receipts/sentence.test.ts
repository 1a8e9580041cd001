import { describe, expect, it } from "vitest";
import type { ReceiptDetail } from "../../api/client";
import { sentence } from "./sentence";

function receipt(told: Partial<ReceiptDetail>): ReceiptDetail {
  const usual = {
    payer: "byok",
    status: 200,
    credits: "0",
    credits_paid: "0",
    cost_usd: null,
    error: null,
    key_hints: {},
  };
  return { ...usual, ...told } as ReceiptDetail;
}

describe("who paid, in a sentence", () => {
  it("is nobody for a call that was refused", () => {
    const refused = { status: 401, error: "provider_key_invalid" };
    expect(sentence(receipt(refused), "Anthropic")).toBe("Not served: provider_key_invalid. Nobody was charged.");
    expect(sentence(receipt({ ...refused, payer: "managed" }), "Anthropic")).toContain("Nobody was charged.");
  });

  it("is whoever paid for one that was answered, whether its cost is known or not", () => {
    expect(sentence(receipt({}), "Anthropic")).toContain("an amount we can't know");
    const key = { credential: "cred_1", key_hints: { cred_1: "sk-ant-…wxyz" } };
    expect(sentence(receipt(key), "Anthropic")).toContain("Paid by your own Anthropic key …wxyz. Anthropic bills you");
    expect(sentence(receipt({ payer: "managed", credits: "9", credits_paid: "4", status: 502 }), "Anthropic")).toBe(
      "Paid with 4 credits (managed access).",
    );
  });
});
