import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { plansQuery } from "../../api/queries";
import { credits, usd } from "../../format/amount";
import { count } from "../../format/number";
import { useHere, useProduct } from "../../session/context";
import { Loaded } from "../../ui/Loaded";
import { type PlanLine, PlansTable } from "../../ui/PlansTable";
import { managedOf } from "./words";

const lines: readonly PlanLine[] = [
  { name: "Price a month", of: ({ price_usd_month: price }) => (price ? usd(price) : null) },
  { name: "Own provider keys", of: ({ byok }) => (byok ? "yes" : "no") },
  { name: "Managed access", of: managedOf },
  { name: "Credits each period", of: ({ allowance_credits: some }) => (some ? credits(some) : "none") },
  { name: "Features", of: ({ features }) => (features ? features.join(", ") || "none" : "all") },
  { name: "Calls a minute", of: ({ requests_per_minute: most }) => (most ? count(most) : "unlimited") },
  { name: "Tokens a minute", of: ({ tokens_per_minute: most }) => (most ? count(most) : "unlimited") },
];

/** All plans side by side; what differs from the present one is bold. */
export function Plans() {
  const here = useHere();
  const product = useProduct();
  const query = useQuery(plansQuery(here.id));
  return (
    <Loaded query={query} heights={[320]}>
      {(plans) => (
        <Stack gap="md">
          <PlansTable plans={plans} lines={lines} />
          <Text size="sm" c="dimmed">
            Ask {product} for another plan; it is in force from the next call, and keys are kept.
          </Text>
        </Stack>
      )}
    </Loaded>
  );
}
