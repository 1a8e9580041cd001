import { describe, expect, it } from "vitest";
import type { Costs } from "../../api/money";
import { grouped, lines, matching } from "./prices";

const needsKey = { code: "byok_required", message: "needs a key" };
const byOwn = { payer_now: { payer: "byok", on_own_key: true } };
const byManaged = { payer_now: { payer: "managed", managed: "credits", on_own_key: false } };
const none = { credits_per_million_tokens: {}, credits_per_unit: {} };
const costs: Costs = {
  routes: [
    {
      method: "GET",
      path: "/v1/models",
      provider: "openai",
      models: [],
      terms: { cost: "free", ...byManaged, ...none },
    },
    {
      method: "POST",
      path: "/v1/chat/completions",
      provider: "openai",
      models: [
        { id: "gpt-x", payer: "byok", cost: "own_key", ...byOwn, ...none },
        {
          id: "gpt-y",
          payer: "managed",
          cost: "credits",
          ...byManaged,
          credits_per_million_tokens: { standard: { input: "18", output: "72.5" } },
          credits_per_unit: { web_searches: "1.2" },
        },
        { id: "gpt-z", cost: "refused", reason: needsKey, payer_now: { on_own_key: false, reason: needsKey }, ...none },
      ],
    },
  ],
  services: [{ name: "memory-search", unit: "token", payer: "managed", cost: "credits", credits: "0.000016" }],
};

describe("what costs what", () => {
  it("is told line by line, calls of models first", () => {
    expect(lines(costs).map(({ what, price }) => `${what}: ${price}`)).toEqual([
      "gpt-x: 0 credits",
      "gpt-y: 18 in, 72.50 out per million tokens; 1.20 per web search",
      "gpt-z: call fails: byok_required",
      "memory-search: 0.000016 credits per token",
      "GET /v1/models: 0 credits",
    ]);
  });

  it("says with a price what the next call does otherwise", () => {
    const [models, chat] = costs.routes;
    const [own] = chat?.models ?? [];
    const told = (payer_now: object) => {
      const routes = [models, { ...chat, models: [{ ...own, payer_now }] }] as Costs["routes"];
      const line = lines({ routes, services: [] }).find(({ what }) => what === "gpt-x");
      return [line?.payer, line?.price];
    };
    const reason = { code: "provider_key_invalid", message: "the provider refuses the key" };
    expect(told({ on_own_key: true, reason })).toEqual([null, "0 credits; now calls fail: provider_key_invalid"]);
    const fallback = { payer: "managed", on_own_key: true, fallback: "quota_exhausted" };
    expect(told(fallback)).toEqual(["managed", "0 credits on your key; now managed access pays in its place"]);
  });

  it("is one line for a model at several paths, unless it costs something else there", () => {
    const [models, chat] = costs.routes;
    const other = { ...chat, path: "/v1/responses", models: chat?.models.slice(0, 1) ?? [] };
    const dearer = {
      ...chat,
      path: "/v1/messages",
      models: [{ id: "gpt-x", payer: "managed", cost: "included", ...byManaged, ...none }],
    };
    const told = lines({ ...costs, routes: [models, chat, other, dearer] as Costs["routes"] });
    const [all] = grouped(told);
    expect(all?.name).toBe("Model calls · openai");
    expect(all?.lines.filter(({ what }) => what === "gpt-x").map(({ detail }) => detail)).toEqual([
      "POST /v1/chat/completions, POST /v1/responses",
      "POST /v1/messages",
    ]);
    expect(grouped(told).map(({ name }) => name)).toEqual(["Model calls · openai", "Services", "Other calls · openai"]);
  });

  it("is found by any words of a line", () => {
    const found = (search: string) => matching(lines(costs), search).map(({ what }) => what);
    expect(found("own key")).toEqual(["gpt-x"]);
    expect(found("memory TOKEN")).toEqual(["memory-search"]);
    expect(found("nothing such")).toEqual([]);
  });
});
