import { kindOf } from "./words";

/** Where what an event was about can be seen. */
export interface Place {
  to: (typeof pages)[keyof typeof pages];
  search: Record<string, string>;
}

const pages = {
  agent: "/w/$ws/settings/agents",
  api_key: "/w/$ws/settings/api-keys",
  budget: "/w/$ws/settings/budgets",
  connection: "/w/$ws/settings/integrations/connections",
  credential: "/w/$ws/settings/integrations/ai-providers",
  credits: "/w/$ws/settings/billing",
  member: "/w/$ws/settings/members",
  workspace: "/w/$ws/settings/who-pays",
} as const;

/** The page of what an action was done to; nothing where it has none, or is gone. */
export function placeOf(action: string, object: string): Place | null {
  const kind = kindOf(action);
  if (!(kind in pages) || (kind === "workspace" && action !== "workspace.policy")) return null;
  const to = pages[kind as keyof typeof pages];
  if (action === "budget.set") return { to, search: { edit: object } };
  return { to, search: kind === "credits" ? { tab: "grants" } : {} };
}
