import { expect, it } from "vitest";
import { told } from "./told";

it("names what was done to whom, as far as the event tells", () => {
  expect(told("agent.set", "lead", { model: "gpt-4o", before: null })).toBe("lead, gpt-4o");
  expect(told("agent.remove", "lead", { before: { model: "gpt-4o" } })).toBe("lead");
  expect(told("credits.grant", "gra_1", { credits: "50000" })).toBe("50,000");
  expect(told("api_key.create", "key_1", { name: "CI on main" })).toBe("CI on main");
  expect(told("member.invite", "invite", { role: "admin" })).toBe("as admin");
  expect(told("workspace.policy", "ws_1", { payer: "byok_only" })).toBeNull();
});
