import { describe, expect, it } from "vitest";
import { callsNow, payerAfter, payerLine, payerNow } from "./payer";

const names = { provider: "Anthropic", product: "Niyra", plan: "Pro", ownOnly: false };
const managed = { payer: "managed", managed: "credits", on_own_key: false };

function nobody(code: string, message = "") {
  return { payer: null, managed: "credits", on_own_key: false, reason: { code, message } };
}

describe("who pays once the key is gone", () => {
  it("is said with what is left", () => {
    const left = { available: "1204", runway_days: 12 };
    expect(payerAfter(managed, names, left).join("")).toBe(
      "credits pay: you have 1,204, about 12 days at last week's pace",
    );
    expect(payerNow(managed, names)).toBe("Disconnected. Credits pay from now on.");
  });

  it("is nobody where nothing is left", () => {
    const broke = nobody("insufficient_credits", "there are no credits left");
    expect(payerAfter(broke, names, undefined).join("")).toBe(
      "Anthropic calls fail, because there are no credits left",
    );
    expect(payerNow(broke, names)).toBe("Disconnected. Anthropic calls need credits or a key.");
    expect(payerLine(broke, names)).toBe("No calls possible: there are no credits left.");
  });

  it("is nobody while a budget is used up, whatever key there is", () => {
    const over = nobody("budget_exceeded", "the budget daily is used up");
    expect(payerLine(over, names)).toBe("No calls possible: the budget daily is used up.");
    expect(payerAfter(over, names, undefined).join("")).toBe("Anthropic calls will fail: the budget daily is used up");
    expect(payerNow(over, names)).toBe("Disconnected. Anthropic calls fail: the budget daily is used up.");
    expect(callsNow(over, "Niyra")).toBe("Calls fail: the budget daily is used up.");
  });

  it("is nobody where only own keys may pay", () => {
    const after = payerAfter(nobody("byok_required"), { ...names, ownOnly: true }, undefined).join("");
    expect(after).toBe("Anthropic calls will fail until you add another key (your policy: own key only)");
  });
});

describe("who pays now", () => {
  const refused = { code: "provider_key_invalid", message: "the provider refuses the key" };
  const failing = { payer: null, on_own_key: true, reason: refused };

  it("is what the server says of the next call", () => {
    expect(payerLine({ payer: "byok", on_own_key: true }, names)).toBe("Your key pays. Anthropic bills you.");
    expect(payerLine(failing, names)).toBe("No calls possible.");
    expect(payerLine(managed, names)).toBe("Credits pay.");
    const steppingIn = { ...managed, on_own_key: true, fallback: "quota_exhausted" };
    expect(payerLine(steppingIn, names)).toBe("Credits pay in place of your key.");
  });

  it("is told with what comes of a key that fails", () => {
    expect(callsNow(failing, "Niyra")).toBe("Calls on it fail; no other payer steps in.");
    expect(callsNow(managed, "Niyra")).toBe("No call goes out on it: credits pay.");
    const included = { payer: "managed", managed: "included", on_own_key: true, fallback: "rate_limited" };
    expect(callsNow(included, "Niyra")).toContain("Niyra's managed access pays in its place");
  });
});
