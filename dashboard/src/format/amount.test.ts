import { describe, expect, it } from "vitest";
import { credits, isZero, shift, sum, usd, usdExact, usdPerMillion, usdRound } from "./amount";

describe("amounts", () => {
  it("stay exact whatever their length", () => {
    expect(usdExact("12345678901234567.123456789")).toBe("$12,345,678,901,234,567.123456789");
    expect(credits("90071992547409931.5")).toBe("90,071,992,547,409,931.50");
  });

  it("of credits have two decimals, and more below one", () => {
    expect(credits("1204")).toBe("1,204");
    expect(credits("3.1")).toBe("3.10");
    expect(credits("0.000312")).toBe("0.000312");
    expect(credits("0.0000001")).toBe("<0.000001");
    expect(credits("0.000000")).toBe("0");
  });

  it("of dollars have cents, and four decimals below one", () => {
    expect(usd("371.2")).toBe("$371.20");
    expect(usd("0.0031")).toBe("$0.0031");
    expect(usd("0.00001")).toBe("<$0.0001");
    expect(usd("0")).toBe("$0.00");
  });

  it("of dollars at an axis have no digits to spare", () => {
    expect(["0", "0.5", "2", "0.0025"].map(usdRound)).toEqual(["$0.00", "$0.50", "$2.00", "$0.0025"]);
  });

  it("of prices are told by the million", () => {
    expect(usdPerMillion("0.000001")).toBe("$1.00");
    expect(usdPerMillion("0.000000075")).toBe("$0.075");
  });

  it("are shifted and added without rounding", () => {
    expect(shift("1.25", 6)).toBe("1250000");
    expect(shift("0.0000001", 6)).toBe("0.1");
    expect(sum(["0.1", "0.2"])).toBe("0.3");
    expect(sum(["-1.5", "0.25"])).toBe("-1.25");
    expect(sum([])).toBe("0");
    expect(isZero("0.00")).toBe(true);
    expect(isZero("0.01")).toBe(false);
  });
});
