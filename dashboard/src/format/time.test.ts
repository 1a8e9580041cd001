import { describe, expect, it } from "vitest";
import { clock, clockOrDay, exact, relative, setZone, utcDaysAgo } from "./time";

const now = new Date("2026-03-10T14:02:00Z");
const ago = (ms: number) => relative(new Date(now.getTime() - ms), now);

describe("times", () => {
  it("are told relative to now within a week", () => {
    expect(ago(0)).toBe("just now");
    expect(ago(12_000)).toBe("12 s ago");
    expect(ago(90_000)).toBe("1 min ago");
    expect(ago(26 * 3_600_000)).toBe("1 day ago");
    expect(ago(-90_000)).toBe("in 1 min");
    expect(ago(8 * 86_400_000)).not.toContain("ago");
  });

  it("since which something is so have their day unless that is today", () => {
    const today = clockOrDay(now, now);
    expect(today).toMatch(/\d.\d\d/);
    expect(clockOrDay(new Date(now.getTime() - 86_400_000), now)).toContain(today);
    expect(clockOrDay(new Date(now.getTime() - 86_400_000), now)).not.toBe(today);
  });

  it("of days begin at midnight UTC", () => {
    expect(utcDaysAgo(6, now).toISOString()).toBe("2026-03-04T00:00:00.000Z");
  });

  it("are told in the zone that is wished", () => {
    setZone("Asia/Tokyo");
    expect(clock(now)).toContain("11:02");
    expect(exact(now)).toContain("2026-03-10 14:02:00 UTC");
    // 20:02 of the same day there; two hours later it is the next.
    expect(clockOrDay(new Date("2026-03-10T11:02:00Z"), now)).toBe(clock(new Date("2026-03-10T11:02:00Z")));
    expect(clockOrDay(now, new Date("2026-03-10T16:02:00Z"))).toContain("10");
    setZone("UTC");
    expect(clock(now)).toContain("2:02");
    setZone(undefined);
  });
});
