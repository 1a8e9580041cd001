import type { Policy } from "../../api/client";
import { usd } from "../../format/amount";
import { listed } from "../../format/listed";

/** A failure of the own key that managed access may step in for. */
export interface Cause {
  value: string;
  title: string;
  example: string;
  /** The rest of "when Anthropic or OpenAI …". */
  said: string;
}

export const causes: readonly Cause[] = [
  {
    value: "rate_limited",
    title: "It is over its rate limit",
    example: "The provider answers 429: too many calls or tokens a minute for this account.",
    said: "limit my key",
  },
  {
    value: "quota_exhausted",
    title: "Its account has no money",
    example: "The prepaid credit is used up, or the spending cap of the account is reached.",
    said: "find no money in my account",
  },
  {
    value: "unavailable",
    title: "The provider can't be reached",
    example: "No answer comes at all. The provider's own errors, such as 529, are answers: they are passed on.",
    said: "don't answer",
  },
];

type Fallback = Policy["fallback"];

/** What is agreed to, in one sentence made from the choices; null as long as something is missing. */
export function consent({ on, daily_cap_usd: cap }: Fallback, managed: string, providers: string[]): string | null {
  const said = causes.filter(({ value }) => on.includes(value)).map(({ said }) => said);
  if (said.length === 0 || !cap) return null;
  const who = managed === "credits" ? "paid by credits" : `covered by ${managed}`;
  return `I agree that up to ${usd(cap)} a day is ${who} when ${listed(providers, "or")} ${listed(said, "or")}.`;
}

/** The cap as the API takes it; null if it is none: a cap must be above 0. */
export function capOf(text: string): string | null {
  return /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) > 0 ? text : null;
}
