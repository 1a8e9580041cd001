/**
 * Amounts of money are decimal strings from the server to the screen: `Intl.NumberFormat` formats them exactly, a
 * number would not.
 */
type Decimal = `${number}`;

const MICRO = "0.000001";

function formatted(text: string, options: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(undefined, options).format(text as Decimal);
}

/** Whether a decimal is nothing but zeros. */
export function isZero(text: string): boolean {
  return /^-?0*(\.0*)?$/.test(text);
}

function isBelowOne(text: string): boolean {
  return /^-?0*(\.|$)/.test(text);
}

/** Credits: two decimals, up to six below one. */
export function credits(text: string): string {
  if (isZero(text)) return "0";
  if (isBelowOne(text)) {
    if (/^-?0*\.0{6}/.test(text)) return `<${formatted(MICRO, { maximumFractionDigits: 6 })}`;
    return formatted(text, { maximumFractionDigits: 6 });
  }
  return formatted(text, { maximumFractionDigits: 2, minimumFractionDigits: text.includes(".") ? 2 : 0 });
}

/** Dollars: cents from one dollar on, four decimals below. */
export function usd(text: string): string {
  const digits = isBelowOne(text) && !isZero(text) ? 4 : 2;
  if (digits === 4 && /^-?0*\.0{4}/.test(text)) return `<${formatted("0.0001", currency(4))}`;
  return formatted(text, currency(digits));
}

/** Dollars at an axis, whose steps are round: no more digits than they have. */
export function usdRound(text: string): string {
  return formatted(text, { ...currency(2), maximumFractionDigits: 6 });
}

function currency(digits: number): Intl.NumberFormatOptions {
  return {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  };
}

/** Dollars with every digit the server sent. */
export function usdExact(text: string): string {
  const digits = Math.max(2, text.split(".")[1]?.length ?? 0);
  return formatted(text, currency(Math.min(digits, 20)));
}

/** The price of a token, a million of them. */
export function usdPerMillion(perToken: string): string {
  return usdExact(shift(perToken, 6));
}

/** Moves the decimal point to the right. */
export function shift(text: string, places: number): string {
  const [whole = "0", fraction = ""] = text.split(".");
  const digits = fraction.padEnd(places, "0");
  const moved = `${whole}${digits.slice(0, places)}`.replace(/^(-?)0+(?=\d)/, "$1");
  const rest = digits.slice(places).replace(/0+$/, "");
  return rest ? `${moved}.${rest}` : moved;
}

/** The exact sum of decimals. */
export function sum(texts: readonly string[]): string {
  const scale = Math.max(0, ...texts.map((text) => text.split(".")[1]?.length ?? 0));
  const total = texts.reduce((sofar, text) => sofar + BigInt(shift(text, scale)), 0n);
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, "0");
  const sign = total < 0n ? "-" : "";
  if (scale === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
