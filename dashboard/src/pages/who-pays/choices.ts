import type { Plan } from "../../api/client";

export interface Choice {
  value: string;
  title: string;
  text: string;
}

/** What managed access is to people: part of their plan, or credits. */
export function managedName(plan: Plan | undefined): string | null {
  if (plan?.managed === "none") return null;
  return plan?.managed === "credits" ? "credits" : "your plan";
}

/** The three policies, told as they work: with a consent to fallback, a failing key is not the end of it. */
export function choices(managed: string | null, fallsBack: boolean): Choice[] {
  const first = managed ? `${managed} for a provider without a key` : "calls to a provider without a key fail";
  const whatever = fallsBack && managed ? "in the cases below it may be paid otherwise" : "whatever happens to it";
  return [
    {
      value: "byok_preferred",
      title: "Own key first",
      text: `Your key where you have one, ${whatever}; ${first}.`,
    },
    {
      value: "byok_only",
      title: "Own key only",
      text: "Never anything else. Without a working key a call fails.",
    },
    {
      value: "managed_only",
      title: "Managed only",
      text: managed
        ? `Always ${managed}; your keys rest.`
        : "Your keys rest. Your plan has no managed access, so calls fail.",
    },
  ];
}
