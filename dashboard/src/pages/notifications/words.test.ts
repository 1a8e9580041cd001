import { describe, expect, it } from "vitest";
import type { Webhook } from "../../api/client";
import { ended, lookOf, told } from "./words";

const webhook: Webhook = {
  id: "hook_1",
  url: "https://example.com/",
  events: [],
  enabled: true,
  disabled_reason: null,
  failing_since: null,
  last_delivered_at: null,
  created_by: "operator",
  created_at: "2026-11-22T17:00:00Z",
};

describe("a webhook", () => {
  it("looks as bad as it is", () => {
    const at = "2026-11-22T17:00:00Z";
    expect(lookOf(webhook).word).toBe("Nothing sent yet");
    expect(lookOf({ ...webhook, last_delivered_at: at }).tone).toBe("ok");
    expect(lookOf({ ...webhook, last_delivered_at: at, failing_since: at }).tone).toBe("attention");
    expect(lookOf({ ...webhook, failing_since: at, disabled_reason: "failing" }).tone).toBe("bad");
    expect(lookOf({ ...webhook, disabled_reason: "by_hand" }).tone).toBe("neutral");
  });
});

describe("words", () => {
  it("are there for what nobody here knows", () => {
    expect(told("credits.low")).toContain("credits");
    expect(told("something.new")).toBe("something.new");
    const attempt = { at: "2026-11-22T17:00:00Z", took_ms: 1 };
    expect(ended({ ...attempt, outcome: "refused", status: 302 })).toContain("redirects are not followed");
    expect(ended({ ...attempt, outcome: "refused", status: 500 })).toBe("answered 500");
    expect(ended({ ...attempt, outcome: "other" })).toBe("other");
  });
});
