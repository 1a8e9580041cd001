import { describe, expect, it } from "vitest";
import { bytes, duration, plural, share, tokens } from "./number";

describe("numbers", () => {
  it("of tokens are exact as long as they can be read", () => {
    expect(tokens(9_999)).toBe("9,999");
    expect(tokens(41_200)).toBe("41.2 k");
    expect(tokens(3_100_000)).toBe("3.1 M");
  });

  it("have their units", () => {
    expect(duration(0.2)).toBe("0.2 ms");
    expect(duration(420)).toBe("420 ms");
    expect(duration(1_900)).toBe("1.9 s");
    expect(duration(125_000)).toBe("2 min 5 s");
    expect(share(1, 3)).toBe("33.3 %");
    expect(share(0, 0)).toBe("0 %");
    expect(plural(1, "call")).toBe("1 call");
    expect(plural(2, "key")).toBe("2 keys");
    expect([bytes(999), bytes(1_200), bytes(268_435_456)]).toEqual(["999 B", "1.2 kB", "268.4 MB"]);
  });
});
