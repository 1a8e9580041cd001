import { describe, expect, it } from "vitest";
import type { Model } from "../../api/client";
import { NO_PARAMETERS, requestOf } from "./request";
import { snippetsOf } from "./snippets";

const model = (id: string, provider: string) => ({ id, provider }) as Model;
const claude = { model: model("claude-x", "anthropic"), name: "agent/lead" };
const gpt = { model: model("gpt-x", "openai"), name: "gpt-x" };
const turns = [{ role: "user", content: "It's 5" }] as const;

describe("a call of the playground", () => {
  it("puts parameters where each protocol has them, and leaves out what is not set", () => {
    const set = { maxTokens: 9, temperature: 0, system: " Be brief. " };
    expect(requestOf(claude, turns, set).body).toEqual({
      model: "agent/lead",
      temperature: 0,
      max_tokens: 9,
      system: "Be brief.",
      messages: turns,
    });
    const { path, body } = requestOf(gpt, turns, set);
    expect(path).toBe("/v1/chat/completions");
    expect(body).toMatchObject({
      max_completion_tokens: 9,
      messages: [{ role: "system", content: "Be brief." }, turns[0]],
    });
    expect(Object.keys(requestOf(gpt, turns, NO_PARAMETERS).body)).toEqual([
      "model",
      "max_completion_tokens",
      "messages",
    ]);
  });

  it("is copied without a secret, and a quote in it stays one", () => {
    const [curl, python, node] = snippetsOf("https://x.test", requestOf(claude, turns, NO_PARAMETERS));
    expect(curl?.text).toContain('-H "authorization: Bearer $OWNKEY_API_KEY"');
    expect(curl?.text).toContain("It'\\''s 5");
    expect(python?.text).toContain('base_url="https://x.test", api_key=os.environ["OWNKEY_API_KEY"]');
    expect(node?.text).toContain("process.env.OWNKEY_API_KEY");
    const [, openai] = snippetsOf("https://x.test", requestOf(gpt, turns, NO_PARAMETERS));
    expect(openai?.text).toContain('base_url="https://x.test/v1"');
  });
});
