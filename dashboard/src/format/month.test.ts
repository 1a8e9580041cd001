import { describe, expect, it } from "vitest";
import { bounds, lastMonths, monthFrom } from "./month";

const NOW = new Date("2026-01-31T23:30:00-05:00");

describe("months", () => {
  it("are those of UTC", () => {
    expect(lastMonths(3, NOW)).toEqual(["2026-02", "2026-01", "2025-12"]);
    expect(bounds("2026-12")).toEqual({ from: "2026-12-01T00:00:00.000Z", to: "2027-01-01T00:00:00.000Z" });
  });

  it("that are not, or not yet, are the present one", () => {
    const named = [undefined, "", "2026-13", "2026-03", "2025-11x"].map((text) => monthFrom(text, NOW));
    expect(new Set(named)).toEqual(new Set(["2026-02"]));
    expect(monthFrom("2025-11", NOW)).toBe("2025-11");
  });
});
