import { expect, it } from "vitest";
import { nextPath } from "./next";

it("only a path of this site is gone to after signing in", () => {
  expect(nextPath("/w/ws_1/usage?range=7d")).toBe("/w/ws_1/usage?range=7d");
  for (const elsewhere of [
    undefined,
    "",
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "javascript:0",
  ]) {
    expect(nextPath(elsewhere)).toBe("/");
  }
});
