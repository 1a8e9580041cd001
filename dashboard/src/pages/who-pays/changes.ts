import type { Policy, Provider } from "../../api/client";

export type Outcome = Policy["outcomes"][number];

export const situations: Record<Outcome["situation"], string> = {
  works: "the key works",
  none: "there is no key",
  refused: "the key is refused",
  rate_limited: "it is over its rate limit",
  quota_exhausted: "its account has no money",
  unavailable: "the provider is down",
  sealed: "the key can't be opened",
  dormant: "the key is asleep (plan without own keys)",
};

export interface Change {
  where: string;
  from: string;
  to: string;
}

/** What comes out otherwise than before, by provider; cases with the same change are told together. */
export function changes(
  before: readonly Outcome[],
  after: readonly Outcome[],
  providers: readonly Pick<Provider, "id" | "name">[],
): Change[] {
  const found = new Map<string, Change & { cases: string[] }>();
  for (const now of after) {
    const was = before.find(({ provider, situation }) => provider === now.provider && situation === now.situation);
    const [from, to] = [was ? paid(was) : "nobody", paid(now)];
    if (from === to) continue;
    const name = providers.find(({ id }) => id === now.provider)?.name ?? now.provider;
    const key = `${name} ${from} ${to}`;
    const change = found.get(key) ?? { where: name, from, to, cases: [] };
    change.cases.push(situations[now.situation]);
    found.set(key, change);
  }
  return [...found.values()].map(({ where, from, to, cases }) => ({
    where: `${where}, when ${cases.join(" or ")}`,
    from,
    to,
  }));
}

function paid({ payer, managed, reason }: Outcome): string {
  if (reason) return `calls fail (${reason.code})`;
  if (payer === "byok") return "your key";
  return managed === "credits" ? "credits" : "your plan";
}
