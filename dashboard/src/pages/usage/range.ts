import { utcDaysAgo } from "../../format/time";

export const ranges = [
  { value: "24h", label: "24 hours" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "mtd", label: "This month" },
] as const;

const DEFAULT = "30d";
const HOUR_MS = 3_600_000;

/** Whether a text names a range. */
export function isRange(text: string | undefined): text is string {
  return ranges.some(({ value }) => value === text);
}

/** The range that an address names, or the usual one. */
export function rangeOf(text: string | undefined): string {
  return isRange(text) ? text : DEFAULT;
}

/** From when to when: whole days of UTC up to now, or hours where days would be too coarse. */
export function span(range: string, now: Date): { from: string; to: string; step: "hour" | "day" } {
  const to = new Date(Math.ceil(now.getTime() / HOUR_MS) * HOUR_MS).toISOString();
  if (range === "24h") return { from: new Date(Date.parse(to) - 24 * HOUR_MS).toISOString(), to, step: "hour" };
  if (range === "mtd") {
    return { from: utcDaysAgo(now.getUTCDate() - 1, now).toISOString(), to, step: "day" };
  }
  return { from: utcDaysAgo(Number.parseInt(range, 10) - 1, now).toISOString(), to, step: "day" };
}

/** Every hour or day between, so that those without calls are shown too. */
export function steps(from: string, to: string, step: "hour" | "day"): string[] {
  const width = step === "hour" ? HOUR_MS : 24 * HOUR_MS;
  const starts = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += width) starts.push(new Date(at).toISOString());
  return starts;
}
