import { describe, expect, it } from "vitest";
import { capOf, consent } from "./consent";

const providers = ["Anthropic", "OpenAI"];

describe("the consent to fallback", () => {
  it("says what the choices come to", () => {
    expect(consent({ on: ["rate_limited"], daily_cap_usd: "5" }, "credits", providers)).toBe(
      "I agree that up to $5.00 a day is paid by credits when Anthropic or OpenAI limit my key.",
    );
    const all = { on: ["unavailable", "rate_limited", "quota_exhausted"], daily_cap_usd: "0.5" };
    expect(consent(all, "your plan", providers)).toBe(
      "I agree that up to $0.5000 a day is covered by your plan when Anthropic or OpenAI limit my key, " +
        "find no money in my account or don't answer.",
    );
  });

  it("is to nothing without a cause or a cap", () => {
    expect(consent({ on: [], daily_cap_usd: "5" }, "credits", providers)).toBeNull();
    expect(consent({ on: ["rate_limited"], daily_cap_usd: null }, "credits", providers)).toBeNull();
    expect(["5", "0.25", "0", "", "-1", "1e3", "0.0"].map(capOf)).toEqual(["5", "0.25", null, null, null, null, null]);
  });
});
