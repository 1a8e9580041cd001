import { describe, expect, it } from "vitest";
import { amount, empty, sentence } from "./sentence";

describe("a budget", () => {
  it("reads as one sentence", () => {
    expect(sentence({ ...empty, unpriced: "allow" }, "agent lead", "$20.00")).toBe(
      "Block calls of agent lead paid by anyone above $20.00 per day; calls of unknown price pass.",
    );
    expect(sentence({ ...empty, action: "notify", period: "total", payer: "byok" }, "the workspace", "$5.00")).toBe(
      "Tell about calls of the workspace paid by own keys above $5.00 in all.",
    );
  });

  it("takes decimals only", () => {
    const given = ["20", "0.25", "1e3", "-1", "", "1.", "1,5", "1234567890"].map(amount);
    expect(given).toEqual(["20", "0.25", null, null, null, null, null, null]);
  });
});
