import { describe, expect, it } from "vitest";
import { asDays, readRange, span, stepName, steps } from "./range";

const now = new Date("2026-03-10T14:02:00Z");

describe("a range", () => {
  it("is one of those offered, or days", () => {
    expect(readRange("7d")).toEqual({ range: "7d" });
    expect(readRange(undefined)).toEqual({ range: "30d" });
    expect(readRange("2026-02-27..2026-03-02")).toEqual({ range: "2026-02-27..2026-03-02" });
  });

  it("that can't be read says why", () => {
    for (const text of [
      "forever",
      "2026-02-30..2026-03-02",
      "2026-3-1..2026-3-2",
      "2026-03-01",
      "..",
      "2026-03-01..x",
    ]) {
      expect(readRange(text), text).toHaveProperty("fault", expect.stringContaining("2026-11-01..2026-11-10"));
    }
    expect(readRange("2026-03-02..2026-03-01")).toHaveProperty("fault", "It ends before it begins.");
    expect(readRange("2025-01-01..2026-03-01")).toHaveProperty("fault", "It is longer than 400 days.");
  });

  it("holds whole days of UTC, today among them", () => {
    const week = span("7d", now);
    expect(week).toEqual({ from: "2026-03-04T00:00:00.000Z", to: "2026-03-10T15:00:00.000Z", step: "day" });
    expect(steps(week.from, week.to, "day")).toHaveLength(7);
    expect(asDays("7d", now)).toEqual({ first: "2026-03-04", last: "2026-03-10" });
    expect(span("mtd", now).from).toBe("2026-03-01T00:00:00.000Z");
  });

  it("of days has both ends, up to now", () => {
    const past = { from: "2026-03-01T00:00:00.000Z", to: "2026-03-04T00:00:00.000Z", step: "day" };
    expect(span("2026-03-01..2026-03-03", now)).toEqual(past);
    expect(span("2026-03-01..2026-03-30", now).to).toBe("2026-03-10T15:00:00.000Z");
    expect(span("2026-04-01..2026-04-03", now).to).toBe("2026-04-04T00:00:00.000Z");
  });

  it("of a day or two is told by the hour", () => {
    const day = span("24h", now);
    expect(day).toEqual({ from: "2026-03-09T15:00:00.000Z", to: "2026-03-10T15:00:00.000Z", step: "hour" });
    expect(steps(day.from, day.to, "hour")).toHaveLength(24);
    const two = span("2026-03-01..2026-03-02", now);
    const names = steps(two.from, two.to, two.step).map((start) => stepName(start, two));
    expect(new Set(names).size).toBe(48);
  });
});
