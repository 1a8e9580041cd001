import { useMemo } from "react";
import { DEFAULT_RANGE, readRange, type Span, span } from "./range";

/** The time that an address names; the usual one if it names none, or none that can be read. */
export function useRange(text: string | undefined): Span {
  const read = readRange(text);
  const range = "range" in read ? read.range : undefined;
  return useMemo(() => span(range ?? DEFAULT_RANGE, new Date()), [range]);
}

/** The same where no time is meant unless one is named. */
export function useOptionalRange(text: string | undefined): Partial<Span> {
  const read = readRange(text, "");
  const range = "range" in read ? read.range : "";
  return useMemo(() => (range ? span(range, new Date()) : {}), [range]);
}
