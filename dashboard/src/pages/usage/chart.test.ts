import { describe, expect, it } from "vitest";
import type { UsageRow } from "../../api/client";
import { bars, totals } from "./chart";

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
    expect(totals(rows)).toEqual({ calls: 7, errors: 2, unpriced: 4, tokens: 0, cost: "0.305", credits: "1.0" });
  });
});
