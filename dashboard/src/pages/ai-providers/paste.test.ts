import { describe, expect, it } from "vitest";
import type { Provider } from "../../api/client";
import { clean, hunch, wholeness } from "./paste";

const named = (id: string, name: string, key_prefixes: string) => ({ id, name, key_prefixes }) as Provider;
const anthropic = named("anthropic", "Anthropic", "sk-ant-");
const openai = named("openai", "OpenAI", "sk-proj- or sk-");
const all = [anthropic, openai];

describe("a pasted key", () => {
  it("loses what is around it, and it is said what that was", () => {
    expect(clean("sk-ant-1")).toEqual({ key: "sk-ant-1", removed: null });
    expect(clean(' "sk-ant-1"\n')).toEqual({ key: "sk-ant-1", removed: "the quotes" });
    expect(clean("\tsk-ant-1 ")).toEqual({ key: "sk-ant-1", removed: "the spaces" });
    expect(clean('" "')).toEqual({ key: "", removed: "the quotes" });
    expect(clean("sk ant")).toEqual({ key: "sk ant", removed: null });
  });

  it("of another provider is recognised by its longest prefix", () => {
    expect(hunch("sk-proj-abc", anthropic, all)).toEqual({ kind: "other", provider: openai, prefix: "sk-proj-" });
    expect(hunch("sk-ant-api03-abc", openai, all)).toEqual({ kind: "other", provider: anthropic, prefix: "sk-ant-" });
    expect(hunch("sk-ant-api03-abc", anthropic, all)).toEqual({ kind: "none" });
    expect(hunch("sk-abc", openai, all)).toEqual({ kind: "none" });
    expect(hunch("something else", openai, all)).toEqual({ kind: "none" });
  });

  it("that is no key for calls is recognised", () => {
    expect(hunch("ok_123", anthropic, all).kind).toBe("ours");
    expect(hunch("sk-ant-admin01-abc", anthropic, all).kind).toBe("not_for_calls");
    expect(wholeness("sk-ant-api03 abcdefghijk").kind).toBe("malformed");
    expect(wholeness("sk-ant-1")).toEqual({ kind: "malformed", why: "It is only 8 characters long." });
    expect(wholeness("sk-ant-api03-abcdefghijk").kind).toBe("none");
  });
});
