import { credits } from "./amount";
import { plural } from "./number";

/** "1,204 credits · about 12 days": whole credits, since a glance is enough. */
export function glance(balance: string, runway: number | null | undefined): string {
  return [`${whole(balance)} credits`, lasts(runway)].filter(Boolean).join(" · ");
}

/** "about 12 days"; nothing where it is not known. */
export function lasts(runway: number | null | undefined): string | null {
  if (runway === null || runway === undefined) return null;
  if (runway === 0) return "less than a day";
  return runway > 365 ? "over a year" : `about ${plural(runway, "day")}`;
}

function whole(balance: string): string {
  const [before = "0"] = balance.split(".");
  return before === "0" || before === "-0" ? credits(balance) : credits(before);
}
