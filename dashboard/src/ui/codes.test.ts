import { describe, expect, it } from "vitest";
import { knownCodes, sourceOf, wordsOf } from "./codes";

const names = { provider: "Anthropic", product: "Celune", model: "apex" };

describe("an error code in words", () => {
  it("names provider, product and model, and leaves no hole", () => {
    for (const code of knownCodes) {
      for (const known of [names, { ...names, provider: null, model: null }]) {
        expect(JSON.stringify(wordsOf(code, known)), code).not.toMatch(/[{](provider|product|model)[}]/i);
      }
    }
    expect(wordsOf("byok_required", names)?.title).toBe("This call needs your own Anthropic key");
    expect(wordsOf("model_not_found", names)?.title).toBe("There is no model “apex”");
    const nobody = { ...names, provider: null, model: null };
    const generic = ["provider_rate_limited", "provider_key_invalid", "model_not_found"];
    expect(generic.map((code) => wordsOf(code, nobody)?.title)).toEqual([
      "Your provider account is at its limit",
      "The provider refused your key",
      "There is no such model",
    ]);
    expect(wordsOf("nobody_knows_it", names)).toBeUndefined();
  });

  it("is not the customer's fault where the product's own account met it", () => {
    const managed = wordsOf("provider_rate_limited", { ...names, payer: "managed" });
    expect(managed?.title).toBe("Managed access is at its limit for apex");
    expect(JSON.stringify(managed)).not.toMatch(/[{](provider|product|model)[}]|your/i);
    expect(wordsOf("provider_rate_limited", { ...names, payer: "byok" })?.title).toBe(
      "Your Anthropic account is at its limit",
    );
  });

  it("says whose it is", () => {
    expect(["yours", "provider", "product"].map((source) => sourceOf(source as "yours", names))).toEqual([
      "yours",
      "Anthropic",
      "Celune",
    ]);
  });
});
