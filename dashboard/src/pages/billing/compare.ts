import type { UsageRow } from "../../api/client";
import { credits, isZero, sum, usd } from "../../format/amount";

/** What the models' calls of one payer come to with the other. Services are nobody else's to serve. */
interface Sums {
  cost: string;
  credits: string;
  atRate: string | null;
}

function sums(rows: readonly UsageRow[]): Sums {
  const rates = rows.map(({ credits_at_rate }) => credits_at_rate ?? null);
  return {
    cost: sum(rows.map(({ cost_usd }) => cost_usd)),
    credits: sum(rows.map(({ credits_paid }) => credits_paid)),
    atRate: rates.some((rate) => rate === null) ? null : sum(rates.filter((rate) => rate !== null)),
  };
}

/** "With your own key this month would have cost about $38.10 at Anthropic instead of 51 credits."; null if no such calls. */
export function withOwnKey(rows: readonly UsageRow[], names: string, when: string): string | null {
  const all = sums(rows);
  if (isZero(all.cost)) return null;
  const instead = isZero(all.credits) ? "nothing beyond the plan" : `${credits(all.credits)} credits`;
  return `With your own key ${when} would have cost about ${usd(all.cost)} at ${names} instead of ${instead}.`;
}

/** The reverse. Where no credit has a worth, nothing can be said. */
export function withManaged(rows: readonly UsageRow[], names: string, when: string): string | null {
  const all = sums(rows);
  if (isZero(all.cost) || all.atRate === null) return null;
  const spent = `about ${usd(all.cost)} at ${names}`;
  return `With managed access ${when} would have cost about ${credits(all.atRate)} credits instead of ${spent}.`;
}
