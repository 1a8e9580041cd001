import { describe, expect, it } from "vitest";
import { glance, lasts } from "./credits";

describe("credits at a glance", () => {
  it("are whole, and exact below one", () => {
    expect(glance("1204.509", 12)).toBe("1,204 credits · about 12 days");
    expect(glance("0.25", null)).toBe("0.25 credits");
    expect(glance("0", 0)).toBe("0 credits · less than a day");
  });

  it("last as long as is known", () => {
    expect([lasts(1), lasts(400), lasts(undefined)]).toEqual(["about 1 day", "over a year", null]);
  });
});
