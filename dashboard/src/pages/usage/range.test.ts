import { describe, expect, it } from "vitest";
import { rangeOf, span, steps } from "./range";

const now = new Date("2026-03-10T14:02:00Z");

describe("a range", () => {
  it("is one of those offered", () => {
    expect(rangeOf("7d")).toBe("7d");
    expect(rangeOf("forever")).toBe("30d");
    expect(rangeOf(undefined)).toBe("30d");
  });

  it("holds whole days of UTC, today among them", () => {
    const week = span("7d", now);
    expect(week).toEqual({ from: "2026-03-04T00:00:00.000Z", to: "2026-03-10T15:00:00.000Z", step: "day" });
    expect(steps(week.from, week.to, "day")).toHaveLength(7);
    expect(span("mtd", now).from).toBe("2026-03-01T00:00:00.000Z");
  });

  it("of a day is told by the hour", () => {
    const day = span("24h", now);
    expect(day).toEqual({ from: "2026-03-09T15:00:00.000Z", to: "2026-03-10T15:00:00.000Z", step: "hour" });
    expect(steps(day.from, day.to, "hour")).toHaveLength(24);
  });
});
