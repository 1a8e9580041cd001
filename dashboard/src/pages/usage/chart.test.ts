import { describe, expect, it } from "vitest";
import type { UsageRow } from "../../api/client";
import { bars, finding, totals } from "./chart";

const row = (key: string, calls: number, cost_usd: string): UsageRow => ({
  key,
  calls,
  cost_usd,
  credits: "0.75",
  credits_paid: "0.5",
  overrun_credits: "0.25",
  errors: 1,
  unmeasured: 0,
  unpriced: 2,
  usage: {},
});

describe("usage", () => {
  const rows = [row("2026-03-08T00:00:00.000Z", 3, "0.10"), row("2026-03-10T00:00:00.000Z", 4, "0.205")];

  it("has a bar for every day, also for those without calls", () => {
    const time = { from: "2026-03-08T00:00:00.000Z", to: "2026-03-10T15:00:00.000Z", step: "day" } as const;
    expect(bars(rows, "calls", time).map(({ value }) => value)).toEqual(["3", "0", "4"]);
    expect(bars(rows, "cost", time).map(({ value }) => value)).toEqual(["0.10", "0", "0.205"]);
  });

  it("is added up exactly", () => {
    const tokens = { tokens: 0, input: 0, output: 0 };
    expect(totals(rows)).toEqual({ calls: 7, errors: 2, unpriced: 4, ...tokens, cost: "0.305", credits: "1.0" });
  });

  it("is found by what is shown, not by another measure", () => {
    const [own = rows[0], ...rest] = rows;
    const of = { all: totals(rows), own: totals(own ? [own] : []), managed: totals(rest) };
    expect(finding("calls", of)).toBe("42.9 % of 7 calls on own keys, 57.1 % managed.");
    expect(finding("cost", of)).toContain("$0.3050 at list price on own keys, 67.2 % managed.");
    expect(finding("errors", of)).toBe("50 % of 2 failed calls on own keys, 50 % managed.");
    expect(finding("tokens", of)).toBe("Nothing in this time.");
  });
});
