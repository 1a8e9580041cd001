const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let zone: string | undefined;

/** Times are told in that zone from now on; in the browser's own if it has no name. */
export function setZone(name: string | undefined): void {
  zone = name;
}

const dayAndTime: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" };

/** "12 s ago" within a week, then the day and time. */
export function relative(at: Date, now: Date): string {
  const ago = now.getTime() - at.getTime();
  const span = Math.abs(ago);
  if (span >= 7 * DAY) return at.toLocaleString(undefined, { ...dayAndTime, timeZone: zone });
  if (span < SECOND) return "just now";
  const text = spanText(span);
  return ago >= 0 ? `${text} ago` : `in ${text}`;
}

function spanText(span: number): string {
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < DAY) return `${Math.floor(span / HOUR)} h`;
  const days = Math.floor(span / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** The exact moment here and in UTC. */
export function exact(at: Date): string {
  const local = at.toLocaleString(undefined, {
    ...dayAndTime,
    year: "numeric",
    second: "2-digit",
    timeZoneName: "short",
    timeZone: zone,
  });
  return `${local} · ${at
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC")}`;
}

/** The clock time here. */
export function clock(at: Date): string {
  return at.toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit", timeZone: zone });
}

/** "14:02" today, before that the day and time. */
export function clockOrDay(at: Date, now: Date): string {
  const day = (moment: Date) => moment.toLocaleDateString(undefined, { timeZone: zone });
  return day(at) === day(now) ? clock(at) : at.toLocaleString(undefined, { ...dayAndTime, timeZone: zone });
}

/** A day of UTC, as in statements and budgets. */
export function utcDay(at: Date): string {
  return at.toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
}

/** Midnight UTC that many days before today. */
export function utcDaysAgo(days: number, now: Date): Date {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return new Date(today - days * DAY);
}
