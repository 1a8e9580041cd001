const exact = new Intl.NumberFormat();
const SCALES = [
  [1_000_000_000, "G"],
  [1_000_000, "M"],
  [1_000, "k"],
] as const;

/** A count as it is. */
export function count(value: number): string {
  return exact.format(value);
}

/** Tokens: exact below 10,000, then with three figures. */
export function tokens(value: number): string {
  if (value < 10_000) return exact.format(value);
  const [scale, unit] = SCALES.find(([scale]) => value >= scale) ?? [1, ""];
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value / scale)} ${unit}`;
}

/** A part of a whole, in per cent. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format((100 * part) / whole)} %`;
}

/** A time span. */
export function duration(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

/** A time span that is known in whole milliseconds only, those begun not counted. */
export function wholeDuration(ms: number): string {
  return ms < 1 ? "<1 ms" : duration(ms);
}

/** One thing or several. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** An amount of data. */
export function bytes(value: number): string {
  if (value < 1_000) return `${exact.format(value)} B`;
  const [scale, unit] = value < 1_000_000 ? [1_000, "kB"] : [1_000_000, "MB"];
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value / scale)} ${unit}`;
}
