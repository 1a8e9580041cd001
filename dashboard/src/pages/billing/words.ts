import type { Plan } from "../../api/client";
import type { Grant } from "../../api/money";
import { credits } from "../../format/amount";
import { count } from "../../format/number";

/** What managed access is in a plan. */
export function managedOf(plan: Plan): string {
  if (plan.managed === "none") return "none";
  if (plan.managed === "credits") return "costs credits";
  if (!plan.allowance_credits) return "included";
  return plan.past_allowance === "credits" ? "included, then credits" : "included up to the allowance";
}

/** What a plan comes to, in sentences. */
export function included(plan: Plan): string[] {
  const managed = {
    included: "Model calls without an own key are included",
    credits: "Model calls without an own key cost credits",
    none: "No model calls without an own key",
  }[plan.managed];
  const lines = [
    plan.byok ? "Your own provider keys; calls on them cost no credits" : "No own provider keys",
    managed ?? null,
    plan.allowance_credits ? `${credits(plan.allowance_credits)} credits each period` : null,
    plan.requests_per_minute ? `${count(plan.requests_per_minute)} calls a minute` : null,
    plan.tokens_per_minute ? `${count(plan.tokens_per_minute)} tokens a minute` : null,
    plan.features?.length ? `Features: ${plan.features.join(", ")}` : null,
  ];
  return lines.filter((line) => line !== null);
}

/** What a change of the credits was, to people. */
const kinds: Record<string, string> = {
  allowance: "Allowance of the plan",
  charge: "Charge",
  correction: "Correction of a charge",
  expiry: "Expired",
  grant: "Granted",
  refund: "Given back",
};

export function kindOf(kind: string): string {
  return kinds[kind] ?? kind;
}

/** Why credits are there. */
export function reasonOf({ kind, reason }: Grant): string {
  return reason ?? (kind === "allowance" ? "Allowance of the plan" : "Given back");
}
