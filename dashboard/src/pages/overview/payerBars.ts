import type { Schemas } from "../../api/client";
import { isZero, sum } from "../../format/amount";
import { type Span, stepName, steps } from "../usage/range";

/** What both payers paid in an hour or a day. Decimals, exact. */
export interface PayerBar {
  label: string;
  own: string;
  managed: string;
}

/** One for each hour or day, also for those without calls. */
export function payerBars(spend: readonly Schemas["Spend"][], time: Span): PayerBar[] {
  const at = new Map(spend.map((one) => [new Date(one.at).toISOString(), one]));
  return steps(time.from, time.to, time.step).map((start) => {
    const one = at.get(start);
    return { label: stepName(start, time), own: one?.own_usd ?? "0", managed: one?.managed_usd ?? "0" };
  });
}

/** What the bars show, as a sentence. */
export function finding(bars: readonly PayerBar[], format: (text: string) => string): string {
  const [own, managed] = [sum(bars.map(({ own }) => own)), sum(bars.map(({ managed }) => managed))];
  if (isZero(own) && isZero(managed)) return "Nothing was spent in this time.";
  return `At list price, calls on own keys cost ${format(own)}, managed ones ${format(managed)}.`;
}
