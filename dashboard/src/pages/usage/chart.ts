import type { UsageRow } from "../../api/client";
import { isZero, sum, usd, usdRound } from "../../format/amount";
import { count, plural, share, tokens } from "../../format/number";
import type { Bar } from "../../ui/Bars";
import type { Series, Stack } from "../../ui/BarsChart";
import { type Span, stepName, steps } from "./range";

export type Measure = "cost" | "calls" | "tokens" | "errors";

const amountOf: Record<Measure, (row: UsageRow) => string> = {
  cost: ({ cost_usd }) => cost_usd,
  calls: ({ calls }) => String(calls),
  tokens: (row) => String(tokensOf(row)),
  errors: ({ errors }) => String(errors),
};

/** One bar for each hour or day, also for those without calls. */
export function bars(rows: readonly UsageRow[], measure: Measure, time: Span): Bar[] {
  const at = new Map(rows.map((row) => [new Date(row.key ?? 0).toISOString(), row]));
  return steps(time.from, time.to, time.step).map((start) => {
    const row = at.get(start);
    return { label: stepName(start, time), value: row ? amountOf[measure](row) : "0" };
  });
}

/** Who paid, from below: the own key is always the lower part. */
const payers: readonly Series[] = [
  { name: "Own key", color: "var(--ok-own-fill)" },
  { name: "Managed", color: "var(--ok-managed-fill)", hatched: true },
  { name: "Nobody", color: "var(--ok-line-strong)" },
];

/** The bars of each payer one on the other. Calls that nobody paid for cost nothing and are left out of costs. */
export function byPayer(
  rows: { all: readonly UsageRow[]; own: readonly UsageRow[]; managed: readonly UsageRow[] },
  measure: Measure,
  time: Span,
): { series: readonly Series[]; stacks: Stack[] } {
  const [all, own, managed] = [rows.all, rows.own, rows.managed].map((rows) => bars(rows, measure, time));
  const stacks = (all ?? []).map(({ label, value }, at) => {
    const [byOwn, byManaged] = [own?.[at]?.value ?? "0", managed?.[at]?.value ?? "0"];
    return { label, values: [byOwn, byManaged, sum([value, `-${byOwn}`, `-${byManaged}`])] };
  });
  const nobody = stacks.some(({ values }) => !isZero(values[2] ?? "0"));
  return { series: nobody ? payers : payers.slice(0, 2), stacks };
}

/** All tokens of a row that are known, in and out. */
export function tokensOf({ usage }: UsageRow): number {
  return (usage.input ?? 0) + (usage.output ?? 0);
}

/** A measure's number as people read it. */
export function formatOf(measure: Measure): (text: string) => string {
  if (measure === "cost") return usd;
  return (text) => (measure === "tokens" ? tokens : count)(Number(text));
}

/** The same at the axis. */
export function tickOf(measure: Measure): (text: string) => string {
  return measure === "cost" ? usdRound : formatOf(measure);
}

export interface Totals {
  calls: number;
  errors: number;
  unpriced: number;
  tokens: number;
  input: number;
  output: number;
  cost: string;
  /** What the workspace paid. */
  credits: string;
}

export function totals(rows: readonly UsageRow[]): Totals {
  const added = (of: (row: UsageRow) => number) => rows.reduce((sofar, row) => sofar + of(row), 0);
  return {
    calls: added(({ calls }) => calls),
    errors: added(({ errors }) => errors),
    unpriced: added(({ unpriced }) => unpriced),
    tokens: added(tokensOf),
    input: added(({ usage }) => usage.input ?? 0),
    output: added(({ usage }) => usage.output ?? 0),
    cost: sum(rows.map(({ cost_usd }) => cost_usd)),
    credits: sum(rows.map(({ credits_paid }) => credits_paid)),
  };
}

const UNITS: Record<Measure, (all: Totals) => string> = {
  cost: ({ cost }) => `${usd(cost)} at list price`,
  calls: ({ calls }) => plural(calls, "call"),
  tokens: (all) => `${tokens(all.tokens)} tokens`,
  errors: ({ errors }) => plural(errors, "failed call"),
};

/** What the bars of a measure show, as a sentence. */
export function finding(
  measure: Measure,
  { all, own, managed }: { all: Totals; own: Totals; managed: Totals },
): string {
  const part = (of: Totals) => share(Number(of[measure]), Number(all[measure]));
  if (isZero(String(all[measure]))) return measure === "errors" ? "No call failed." : "Nothing in this time.";
  return `${part(own)} of ${UNITS[measure](all)} on own keys, ${part(managed)} managed.`;
}
