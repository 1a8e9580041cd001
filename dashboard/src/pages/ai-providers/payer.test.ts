import { describe, expect, it } from "vitest";
import type { ProviderKey } from "../../api/client";
import { payerAfter, payerLine, payerNow } from "./payer";

const names = { provider: "Anthropic", product: "Niyra", plan: "Pro", ownOnly: false };
const managed = { payer: "managed", managed: "credits" };

function nobody(code: string, message = "") {
  return { payer: null, managed: "credits", reason: { code, message } };
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
    const broke = nobody("insufficient_credits");
    expect(payerAfter(broke, names, undefined).join("")).toBe(
      "Anthropic calls fail, because there are no credits left",
    );
    expect(payerNow(broke, names)).toBe("Disconnected. Anthropic calls need credits or a key.");
  });

  it("is nobody where only own keys may pay", () => {
    const after = payerAfter(nobody("byok_required"), { ...names, ownOnly: true }, undefined).join("");
    expect(after).toBe("Anthropic calls will fail until you add another key (your policy: own key only)");
  });
});

describe("who pays now", () => {
  const key = (state: string, payer: string | null) =>
    ({ state, payer_now: { payer, managed: "credits" } }) as unknown as ProviderKey;

  it("is nobody while the key that calls go out on is refused", () => {
    expect(payerLine(key("active", "byok"), names)).toBe("Your key pays. Anthropic bills you.");
    expect(payerLine(key("invalid", "byok"), names)).toBe("No calls possible.");
    // Nothing goes out on it.
    expect(payerLine(key("invalid", "managed"), names)).toBe("Credits pay.");
  });
});
