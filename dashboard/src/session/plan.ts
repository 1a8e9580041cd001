import { useQuery } from "@tanstack/react-query";
import type { Plan } from "../api/client";
import { plansQuery } from "../api/queries";
import { useHere } from "./context";

/** The plan of the workspace, once it is known. */
export function usePlan(): Plan | undefined {
  const here = useHere();
  const plans = useQuery(plansQuery(here.id));
  return plans.data?.find(({ current }) => current);
}

/** Whether managed calls of such a plan are counted in credits. */
export function isMetered(plan: Plan): boolean {
  return plan.managed === "credits" || (plan.managed === "included" && Boolean(plan.allowance_credits));
}
