import { describe, expect, it } from "vitest";
import { payerAfter, payerNow } from "./payer";

const names = { provider: "Anthropic", product: "Niyra", plan: "Pro" };
const managed = { payer: "managed", managed: "credits" };

describe("who pays once the key is gone", () => {
  it("is said with what is left", () => {
    const left = { available: "1204", runway_days: 12 };
    expect(payerAfter(managed, names, left).join("")).toBe(
      "credits pay: you have 1,204, about 12 days at last week's pace",
    );
    expect(payerNow(managed, names, left)).toBe("Disconnected. Credits pay from now on.");
  });

  it("is nobody where nothing is left", () => {
    const left = { available: "0", runway_days: null };
    expect(payerAfter(managed, names, left).join("")).toBe("Anthropic calls fail, because there are no credits left");
    expect(payerNow(managed, names, left)).toBe("Disconnected. Anthropic calls need credits or a key.");
    expect(payerAfter({ payer: null }, names, undefined)[0]).toBe(
      "Anthropic calls will fail until you add another key",
    );
  });
});
