import { groupBy } from "../../format/group";

const actions: Record<string, string> = {
  "agent.remove": "gave an agent its default model",
  "agent.set": "chose an agent's model",
  "api_key.create": "created an API key",
  "api_key.revoke": "revoked an API key",
  "budget.remove": "removed a budget",
  "budget.set": "set a budget",
  "connection.create": "connected an account",
  "connection.disconnect": "disconnected an account",
  "connection.not_revoked": "saw a provider not confirm that tokens are revoked",
  "connection.needs_reauth": "saw an account that has to be connected again",
  "connection.reconnect": "connected an account again",
  "connection.token": "fetched a connection's token",
  "credential.create": "added a provider key",
  "credential.health": "saw a provider key's health change",
  "credential.rebind": "rebound a provider key to another address",
  "credential.remove": "disconnected a provider key",
  "credential.rotate": "rotated a provider key",
  "credential.test": "tested a provider key",
  "credits.grant": "granted credits",
  "credits.refund": "refunded credits",
  "member.invite": "invited somebody",
  "member.invite_cancel": "took an invitation back",
  "member.join": "joined the workspace",
  "member.remove": "removed a member",
  "member.role": "changed a member's role",
  "webhook.create": "added a webhook",
  "webhook.disabled": "switched a webhook off",
  "webhook.remove": "removed a webhook",
  "webhook.replay": "sent a message again",
  "webhook.rotate_secret": "gave a webhook a new secret",
  "webhook.test": "sent a test to a webhook",
  "webhook.update": "changed a webhook",
  "workspace.create": "made the workspace",
  "workspace.policy": "changed who pays",
  "workspace.update": "changed the workspace",
};

/** Every action that has words, by what it is about: kinds first, then each of them. */
export function actionChoices(): { group: string; items: { value: string; label: string }[] }[] {
  const all = groupBy(Object.keys(actions), kindOf);
  return [...all].map(([kind, names]) => ({
    group: kinds[kind] ?? kind,
    items: [
      ...(names.length > 1 ? [{ value: kind, label: `Anything about ${(kinds[kind] ?? kind).toLowerCase()}` }] : []),
      ...names.map((name) => ({ value: name, label: said(name) })),
    ],
  }));
}

/** What kind of thing an action is about. */
export function kindOf(action: string): string {
  return action.split(".")[0] ?? action;
}

const kinds: Record<string, string> = {
  agent: "Agents",
  api_key: "API keys",
  budget: "Budgets",
  connection: "Connections",
  credential: "Provider keys",
  credits: "Credits",
  member: "Members",
  workspace: "The workspace",
};

/** What was done, as the rest of a sentence; actions without words of their own are named as they are. */
export function said(action: string): string {
  return actions[action] ?? action;
}
