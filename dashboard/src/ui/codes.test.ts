import { describe, expect, it } from "vitest";
import { actOf, blamed, titleOf } from "./codes";

const names = { provider: "Anthropic", product: "Celune", model: "apex" };
const nobody = { ...names, provider: null, model: null };
const of = (title: string, blame = "caller") => ({ code: "some", title, blame, meaning: "It is.", remedy: "Do." });

describe("an error code in words", () => {
  it("names provider and model, and what they are where they are not known", () => {
    for (const [title, named, unnamed] of [
      [
        "Your {provider} account is at its limit",
        "Your Anthropic account is at its limit",
        "Your provider account is at its limit",
      ],
      ["{provider} refused your key", "Anthropic refused your key", "The provider refused your key"],
      ["{model} is coming soon", "apex is coming soon", "The model is coming soon"],
      ["Not enough credits", "Not enough credits", "Not enough credits"],
    ] as const) {
      expect(titleOf(of(title), names)).toBe(named);
      expect(titleOf(of(title), nobody)).toBe(unnamed);
    }
  });

  it("leads to one thing to do, if there is one", () => {
    expect(actOf("byok_required", names)?.label).toBe("Add Anthropic key");
    expect(actOf("byok_required", nobody)?.label).toBe("Add provider key");
    expect(actOf("nobody_knows_it", names)).toBeUndefined();
  });

  it("leads to nothing of the customer's where the product's own account met it", () => {
    expect(actOf("provider_rate_limited", names, "managed")?.label).toBe("Try again");
    expect(actOf("provider_rate_limited", names, "byok")?.label).toBe("See limits at Anthropic");
  });

  it("says whose it is", () => {
    const all = ["caller", "provider", "server"].map((blame) => blamed(of("", blame), names));
    expect(all).toEqual(["yours", "Anthropic", "Celune"]);
    expect(blamed(of("", "provider"), nobody)).toBe("the provider");
  });
});
