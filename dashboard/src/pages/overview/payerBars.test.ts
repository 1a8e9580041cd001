import { describe, expect, it } from "vitest";
import { usd } from "../../format/amount";
import { finding, payerBars } from "./payerBars";

const days = { from: "2026-03-01T00:00:00.000Z", to: "2026-03-03T00:00:00.000Z", step: "day" } as const;

describe("spend by payer", () => {
  it("has a bar for each day, and says who paid how much of it", () => {
    const spend = [{ at: "2026-03-02T00:00:00.000Z", own_usd: "9", managed_usd: "1", credits_paid: "100" }];
    const bars = payerBars(spend, days);
    expect(bars.map(({ own, managed }) => [own, managed])).toEqual([
      ["0", "0"],
      ["9", "1"],
    ]);
    expect(finding(bars, usd)).toBe("At list price, calls on own keys cost $9.00, managed ones $1.00.");
    expect(finding(payerBars([], days), usd)).toBe("Nothing was spent in this time.");
  });
});
