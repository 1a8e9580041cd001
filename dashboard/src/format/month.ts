/** A calendar month of UTC, as `2026-11`. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** The month that an address names; the present one if it names none that has been. */
export function monthFrom(text: string | undefined, now: Date): string {
  const present = monthOf(now);
  return text && /^20\d\d-(0[1-9]|1[0-2])$/.test(text) && text <= present ? text : present;
}

/** Its first moment, and that of the next one. */
export function bounds(month: string): { from: string; to: string } {
  const [year = 0, number = 1] = month.split("-").map(Number);
  const start = (number: number) => new Date(Date.UTC(year, number, 1)).toISOString();
  return { from: start(number - 1), to: start(number) };
}

/** "November 2026". */
export function monthName(month: string): string {
  const options: Intl.DateTimeFormatOptions = { month: "long", year: "numeric", timeZone: "UTC" };
  return new Date(bounds(month).from).toLocaleDateString(undefined, options);
}

/** That many months, the present one first. */
export function lastMonths(count: number, now: Date): string[] {
  const at = (ago: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1));
  return Array.from({ length: count }, (_, ago) => monthOf(at(ago)));
}
