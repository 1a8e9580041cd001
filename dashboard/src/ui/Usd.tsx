import { Tooltip } from "@mantine/core";
import { usd, usdExact } from "../format/amount";

/** Dollars, exact on hover; an unknown amount is said to be unknown. */
export function Usd({ amount }: { amount: string | null | undefined }) {
  if (amount === null || amount === undefined) return "unknown";
  return (
    <Tooltip label={usdExact(amount)}>
      <span>{usd(amount)}</span>
    </Tooltip>
  );
}
