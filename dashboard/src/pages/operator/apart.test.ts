import { expect, it } from "vitest";
import { apart } from "./apart";

it("tells workspaces of one name apart", () => {
  const [one, other, third] = ["ws_01a217bd00000000000000000000aaaa", "ws_01a217bd00000000000000000000bbbb", "ws_1"];
  const labels = apart([
    { id: one, name: "Acme" },
    { id: other, name: "Acme", external_id: "org-7" },
    { id: third, name: "Umbrella" },
  ]).map(({ label }) => label);
  expect(labels).toEqual(["Acme (ws_…00aaaa)", "Acme (org-7)", "Umbrella"]);
});
