import { describe, expect, it } from "vitest";
import { knownCodes, sourceOf, wordsOf } from "./codes";

const names = { provider: "Anthropic", product: "Celune", model: "apex" };

describe("an error code in words", () => {
  it("names provider, product and model, and leaves no hole", () => {
    for (const code of knownCodes) {
      const words = wordsOf(code, names);
      expect(JSON.stringify(words), code).not.toMatch(/\{(provider|product|model)\}/);
    }
    expect(wordsOf("byok_required", names)?.title).toBe("This call needs your own Anthropic key");
    expect(wordsOf("model_not_found", names)?.title).toBe("There is no model “apex”");
    expect(wordsOf("nobody_knows_it", names)).toBeUndefined();
  });

  it("says whose it is", () => {
    expect(["yours", "provider", "product"].map((source) => sourceOf(source as "yours", names))).toEqual([
      "yours",
      "Anthropic",
      "Celune",
    ]);
  });
});
