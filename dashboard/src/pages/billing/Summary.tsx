import { SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { creditsQuery } from "../../api/money";
import { plansQuery, usageQuery } from "../../api/queries";
import { bounds, monthOf } from "../../format/month";
import { useHere } from "../../session/context";
import { Loaded } from "../../ui/Loaded";
import { BalanceCard } from "./BalanceCard";
import { Comparison } from "./Comparison";
import { PlanCard } from "./PlanCard";
import { TwoBills } from "./TwoBills";

/** The plan, what is left, who bills what, and what it would be the other way round. */
export function Summary() {
  const here = useHere();
  const month = bounds(monthOf(new Date()));
  const plans = useQuery(plansQuery(here.id));
  const credits = useQuery(creditsQuery(here.id));
  const payers = useQuery(usageQuery(here.id, { ...month, by: "payer" }));
  return (
    <Loaded query={plans} heights={[220, 140]}>
      {(plans) => {
        const plan = plans.find(({ current }) => current);
        return (
          <Stack gap="lg">
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
              {plan && <PlanCard plan={plan} resetsAt={credits.data?.resets_at} />}
              <Loaded query={credits} heights={[220]}>
                {(credits) => <BalanceCard credits={credits} plan={plan} />}
              </Loaded>
            </SimpleGrid>
            <Loaded query={payers} heights={[140]}>
              {({ data }) => <TwoBills rows={data} plan={plan} />}
            </Loaded>
            <Comparison during={month} when="this month" />
          </Stack>
        );
      }}
    </Loaded>
  );
}
