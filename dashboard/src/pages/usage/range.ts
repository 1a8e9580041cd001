import { utcDay, utcDaysAgo } from "../../format/time";

export const ranges = [
  { value: "24h", label: "24 hours" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "mtd", label: "This month" },
] as const;

/** The range where none is named. */
export const DEFAULT_RANGE = "30d";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The server adds up no more at once. */
const DAYS_MAX = 400;
/** Times no longer than this are told by the hour. */
const HOURLY_MAX_MS = 48 * HOUR_MS;
const DAYS = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/;

/** The first and last day of a range, both of UTC and both in it. */
export interface Days {
  first: string;
  last: string;
}

/** What an address says of the time to show: a range as it stands there, or why it can't be read. */
export type Read = { range: string } | { fault: string };

/** Reads a range; nothing is `otherwise`. */
export function readRange(text: string | undefined, otherwise: string = DEFAULT_RANGE): Read {
  if (text === undefined || text === "") return { range: otherwise };
  if (ranges.some(({ value }) => value === text)) return { range: text };
  const days = daysOf(text);
  if (!days) return { fault: "A range of days is written as 2026-11-01..2026-11-10." };
  const { first, last } = days;
  if (last < first) return { fault: "It ends before it begins." };
  if (Date.parse(last) - Date.parse(first) >= DAYS_MAX * DAY_MS) return { fault: "It is longer than 400 days." };
  return { range: text };
}

/** The days that a range names, if it names days that there are. */
export function daysOf(range: string): Days | null {
  const [, first = "", last = ""] = DAYS.exec(range) ?? [];
  return isDay(first) && isDay(last) ? { first, last } : null;
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

export interface Span {
  from: string;
  to: string;
  step: "hour" | "day";
}

/** From when to when: whole days of UTC up to now, or hours where days would be too coarse. */
export function span(range: string, now: Date): Span {
  const end = Math.ceil(now.getTime() / HOUR_MS) * HOUR_MS;
  const to = new Date(end).toISOString();
  const days = daysOf(range);
  if (days) return spanOf(days, end);
  if (range === "24h") return { from: new Date(end - DAY_MS).toISOString(), to, step: "hour" };
  if (range === "mtd") {
    return { from: utcDaysAgo(now.getUTCDate() - 1, now).toISOString(), to, step: "day" };
  }
  return { from: utcDaysAgo(Number.parseInt(range, 10) - 1, now).toISOString(), to, step: "day" };
}

/** What has not been yet is left out, unless there is nothing else. */
function spanOf({ first, last }: Days, now: number): Span {
  const [from, end] = [Date.parse(first), Date.parse(last) + DAY_MS];
  const to = now > from ? Math.min(end, now) : end;
  const step = end - from <= HOURLY_MAX_MS ? "hour" : "day";
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), step };
}

/** The days that a range covers now, as one writes them. */
export function asDays(range: string, now: Date): Days {
  const { from, to } = span(range, now);
  return { first: from.slice(0, 10), last: new Date(Date.parse(to) - 1).toISOString().slice(0, 10) };
}

/** Every hour or day between, so that those without calls are shown too. */
export function steps(from: string, to: string, step: "hour" | "day"): string[] {
  const width = step === "hour" ? HOUR_MS : DAY_MS;
  const starts = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += width) starts.push(new Date(at).toISOString());
  return starts;
}

/** What an hour or a day is called: hours by the clock here, with their day where there are several. */
export function stepName(start: string, { from, to, step }: Span): string {
  const at = new Date(start);
  if (step === "day") return utcDay(at);
  const day = Date.parse(to) - Date.parse(from) > DAY_MS ? ({ day: "numeric", month: "short" } as const) : {};
  return at.toLocaleString(undefined, { ...day, hour: "numeric", minute: "2-digit" });
}
