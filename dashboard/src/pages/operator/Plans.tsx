import { useQuery } from "@tanstack/react-query";
import { everyPlanQuery } from "../../api/queries";
import { credits, usdExact } from "../../format/amount";
import { count } from "../../format/number";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { type PlanLine, PlansTable } from "../../ui/PlansTable";
import { FromFile } from "./FromFile";
import { planSnippet } from "./snippets";

const managed: Record<string, string> = { included: "included", credits: "costs credits", none: "none" };

/** What a plan says, line by line. */
const lines: readonly PlanLine[] = [
  { name: "Id", of: ({ id }) => id },
  { name: "Own keys", of: ({ byok }) => (byok ? "yes" : "no") },
  { name: "Managed access", of: (plan) => managed[plan.managed] ?? plan.managed },
  {
    name: "Credits each period",
    of: ({ allowance_credits }) => (allowance_credits ? credits(allowance_credits) : "none of its own"),
  },
  {
    name: "Past them",
    of: ({ allowance_credits, past_allowance }) => (allowance_credits ? past_allowance : "does not apply"),
  },
  {
    name: "Keys of a former plan",
    of: ({ dormant_keys }) => (dormant_keys === "stop" ? "calls fail" : "managed access serves"),
  },
  { name: "Features", of: ({ features }) => (features ? features.join(", ") || "none" : "every one") },
  {
    name: "Output limit of managed calls",
    of: ({ output_limit }) => (output_limit ? `${count(output_limit)} tokens` : "none"),
  },
  {
    name: "Calls a minute",
    of: ({ requests_per_minute }) => (requests_per_minute ? count(requests_per_minute) : "unlimited"),
  },
  {
    name: "Tokens a minute",
    of: ({ tokens_per_minute }) => (tokens_per_minute ? count(tokens_per_minute) : "unlimited"),
  },
  {
    name: "Price a month",
    of: ({ price_usd_month }) => (price_usd_month ? usdExact(price_usd_month) : null),
  },
];

export function Plans() {
  const plans = useQuery(everyPlanQuery);
  return (
    <Page title="Plans" purpose="What each plan opens." within="Operator">
      <Loaded query={plans} heights={[360]}>
        {(plans) => <PlansTable plans={plans} lines={lines} />}
      </Loaded>
      <FromFile snippet={planSnippet} />
    </Page>
  );
}
