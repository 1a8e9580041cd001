import { describe, expect, it } from "vitest";
import { changes, type Outcome } from "./changes";

const providers = [{ id: "openai", name: "OpenAI" }];
const own: Outcome = { provider: "openai", situation: "works", payer: "byok", on_own_key: true };
const credits = (situation: Outcome["situation"]): Outcome => ({
  provider: "openai",
  situation,
  payer: "managed",
  managed: "credits",
  on_own_key: false,
});
const failing = (situation: Outcome["situation"]): Outcome => ({
  provider: "openai",
  situation,
  on_own_key: false,
  reason: { code: "byok_required", message: "needs a key" },
});

describe("what a policy changes", () => {
  it("is told once for all cases that change alike", () => {
    const before = [own, credits("none"), credits("rate_limited")];
    const after = [own, failing("none"), failing("rate_limited")];
    expect(changes(before, after, providers)).toEqual([
      {
        where: "OpenAI, when there is no key or it is over its rate limit",
        from: "credits",
        to: "calls fail (byok_required)",
      },
    ]);
    expect(changes(before, before, providers)).toEqual([]);
  });
});
