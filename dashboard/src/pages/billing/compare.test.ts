import { describe, expect, it } from "vitest";
import type { UsageRow } from "../../api/client";
import { withManaged, withOwnKey } from "./compare";

function row(cost_usd: string, credits_paid: string, credits_at_rate: string | null): UsageRow {
  return {
    key: "m",
    calls: 1,
    errors: 0,
    usage: {},
    unmeasured: 0,
    unpriced: 0,
    cost_usd,
    // What the operator paid of it is on nobody's bill here.
    credits: "1000",
    credits_paid,
    overrun_credits: "0",
    credits_at_rate,
  };
}

describe("what it would have cost the other way round", () => {
  it("names both sums, exactly added", () => {
    const rows = [row("0.1", "30.5", "12"), row("38", "20.5", "1")];
    expect(withOwnKey(rows, "Anthropic", "this month")).toBe(
      "With your own key this month would have cost about $38.10 at Anthropic instead of 51.00 credits.",
    );
    expect(withManaged(rows, "OpenAI", "this month")).toBe(
      "With managed access this month would have cost about 13 credits instead of about $38.10 at OpenAI.",
    );
  });

  it("says nothing where there is nothing to say", () => {
    expect(withOwnKey([], "Anthropic", "this month")).toBeNull();
    expect(withManaged([row("1", "0", null)], "OpenAI", "this month")).toBeNull();
    expect(withOwnKey([row("1", "0", null)], "OpenAI", "this month")).toContain("instead of nothing beyond the plan");
  });
});
