import type { UsageRow } from "../../api/client";
import { sum, usd } from "../../format/amount";
import { count } from "../../format/number";
import { utcDay } from "../../format/time";
import type { Bar } from "../../ui/Bars";
import { steps } from "./range";

export type Measure = "cost" | "calls" | "errors";

interface Time {
  from: string;
  to: string;
  step: "hour" | "day";
}

const amountOf: Record<Measure, (row: UsageRow) => string> = {
  cost: ({ cost_usd }) => cost_usd,
  calls: ({ calls }) => String(calls),
  errors: ({ errors }) => String(errors),
};

/** One bar for each hour or day, also for those without calls. */
export function bars(rows: readonly UsageRow[], measure: Measure, { from, to, step }: Time): Bar[] {
  const at = new Map(rows.map((row) => [new Date(row.key ?? 0).toISOString(), row]));
  return steps(from, to, step).map((start) => {
    const row = at.get(start);
    return { label: label(new Date(start), step), value: row ? amountOf[measure](row) : "0" };
  });
}

function label(at: Date, step: "hour" | "day"): string {
  if (step === "day") return utcDay(at);
  return at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** A measure's number as people read it. */
export function formatOf(measure: Measure): (text: string) => string {
  return measure === "cost" ? usd : (text) => count(Number(text));
}

export interface Totals {
  calls: number;
  errors: number;
  unpriced: number;
  cost: string;
  credits: string;
}

export function totals(rows: readonly UsageRow[]): Totals {
  const added = (of: (row: UsageRow) => number) => rows.reduce((sofar, row) => sofar + of(row), 0);
  return {
    calls: added(({ calls }) => calls),
    errors: added(({ errors }) => errors),
    unpriced: added(({ unpriced }) => unpriced),
    cost: sum(rows.map(({ cost_usd }) => cost_usd)),
    credits: sum(rows.map(({ credits }) => credits)),
  };
}
