/** What a scope lets a key do, in a plain sentence. */
export const scopes: readonly { scope: string; text: string }[] = [
  { scope: "inference", text: "Call models, and read receipts of its own calls." },
  { scope: "providers:read", text: "See the state of provider keys, never the keys." },
  { scope: "providers:write", text: "Add, test, rotate and remove provider keys." },
  { scope: "policy:write", text: "Change who pays." },
  { scope: "agents:write", text: "Choose the models of agents." },
  { scope: "keys:write", text: "Make and revoke API keys." },
  { scope: "usage:read", text: "Read usage and all receipts." },
  { scope: "billing:read", text: "Read credits, ledger, costs and statements." },
  { scope: "budgets:write", text: "Change budgets." },
  { scope: "audit:read", text: "Read the audit log." },
  { scope: "mcp", text: "Use the MCP server, and read what its tools show." },
];

export interface Preset {
  value: string;
  label: string;
  scopes: readonly string[];
  days: string;
}

export const presets: readonly Preset[] = [
  { value: "app", label: "App or agent", scopes: ["inference"], days: "90" },
  { value: "ci", label: "CI", scopes: ["inference"], days: "30" },
  { value: "mcp", label: "MCP client", scopes: ["mcp"], days: "90" },
  { value: "custom", label: "Custom", scopes: [], days: "90" },
];

export const expiries = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "never", label: "Never" },
];

const DAY_MS = 86_400_000;

/** When a key ends that is made now. */
export function expiresAt(days: string, now: Date): string | undefined {
  if (days === "never") return undefined;
  return new Date(now.getTime() + Number.parseInt(days, 10) * DAY_MS).toISOString();
}
