import { Badge, Paper, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Plan } from "../../api/client";
import { plansQuery } from "../../api/queries";
import { credits, usd } from "../../format/amount";
import { count } from "../../format/number";
import { useHere, useProduct } from "../../session/context";
import { Loaded } from "../../ui/Loaded";
import { managedOf } from "./words";

const rows: { name: string; of: (plan: Plan) => string }[] = [
  { name: "Price a month", of: ({ price_usd_month: price }) => (price ? usd(price) : "not told") },
  { name: "Own provider keys", of: ({ byok }) => (byok ? "yes" : "no") },
  { name: "Managed access", of: managedOf },
  { name: "Credits each period", of: ({ allowance_credits: some }) => (some ? credits(some) : "none") },
  { name: "Features", of: ({ features }) => (features ? features.join(", ") || "none" : "all") },
  { name: "Calls a minute", of: ({ requests_per_minute: most }) => (most ? count(most) : "unlimited") },
  { name: "Tokens a minute", of: ({ tokens_per_minute: most }) => (most ? count(most) : "unlimited") },
];

/** All plans side by side; what differs from the present one is bold. */
export function PlansTable() {
  const here = useHere();
  const product = useProduct();
  const query = useQuery(plansQuery(here.id));
  return (
    <Loaded query={query} heights={[320]}>
      {(plans) => (
        <Stack gap="md">
          <Paper withBorder>
            <Table.ScrollContainer minWidth={160 + 140 * plans.length}>
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Td w={160} />
                    {plans.map((plan) => (
                      <Table.Th key={plan.id}>
                        {plan.name}{" "}
                        {plan.current && (
                          <Badge variant="default" tt="none" fw={500}>
                            Yours
                          </Badge>
                        )}
                      </Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map(({ name, of }) => (
                    <Line key={name} name={name} of={of} plans={plans} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
          <Text size="sm" c="dimmed">
            Ask {product} for another plan; it is in force from the next call, and keys are kept.
          </Text>
        </Stack>
      )}
    </Loaded>
  );
}

function Line({ name, of, plans }: { name: string; of: (plan: Plan) => string; plans: readonly Plan[] }) {
  const present = plans.find(({ current }) => current);
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {name}
      </Table.Th>
      {plans.map((plan) => (
        <Table.Td key={plan.id} fw={present && of(plan) !== of(present) ? 600 : 400}>
          {of(plan)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}
