import { describe, expect, it } from "vitest";
import { changes } from "./changes";

describe("what an event changed", () => {
  it("stands beside what was before", () => {
    const fallback = (on: string[], daily_cap_usd: string | null) => ({ on, daily_cap_usd });
    const policy = {
      payer: "byok_preferred",
      fallback: fallback(["rate_limited"], "5"),
      before: { payer: "byok_only", fallback: fallback([], null) },
    };
    expect(changes(policy)).toEqual([
      { name: "payer", before: "byok_only", after: "byok_preferred" },
      { name: "fallback: on", before: "none", after: "rate_limited" },
      { name: "fallback: daily cap usd", before: undefined, after: "5" },
    ]);
  });

  it("is told without it where nothing was before, or only that", () => {
    expect(changes({ model: "o1", before: null })).toEqual([{ name: "model", before: undefined, after: "o1" }]);
    expect(changes({ before: { model: "o1" } })).toEqual([{ name: "model", before: "o1", after: undefined }]);
    expect(changes({ from: "viewer", to: "admin" })).toEqual([{ name: "value", before: "viewer", after: "admin" }]);
    expect(changes({})).toEqual([]);
    expect(changes(null)).toEqual([]);
  });
});
