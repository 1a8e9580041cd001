import { Paper, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Plan } from "../../api/client";
import { everyPlanQuery } from "../../api/queries";
import { credits, usdExact } from "../../format/amount";
import { count } from "../../format/number";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { FromFile } from "./FromFile";
import { planSnippet } from "./snippets";

const managed: Record<string, string> = { included: "included", credits: "costs credits", none: "none" };

/** What a plan says, line by line. */
const lines: readonly { label: string; of: (plan: Plan) => string }[] = [
  { label: "Id", of: ({ id }) => id },
  { label: "Own keys", of: ({ byok }) => (byok ? "yes" : "no") },
  { label: "Managed access", of: (plan) => managed[plan.managed] ?? plan.managed },
  {
    label: "Credits each period",
    of: ({ allowance_credits }) => (allowance_credits ? credits(allowance_credits) : "none of its own"),
  },
  {
    label: "Past them",
    of: ({ allowance_credits, past_allowance }) => (allowance_credits ? past_allowance : "does not apply"),
  },
  {
    label: "Keys of a former plan",
    of: ({ dormant_keys }) => (dormant_keys === "stop" ? "calls fail" : "managed access serves"),
  },
  { label: "Features", of: ({ features }) => (features ? features.join(", ") || "none" : "every one") },
  {
    label: "Output limit of managed calls",
    of: ({ output_limit }) => (output_limit ? `${count(output_limit)} tokens` : "none"),
  },
  {
    label: "Calls a minute",
    of: ({ requests_per_minute }) => (requests_per_minute ? count(requests_per_minute) : "unlimited"),
  },
  {
    label: "Tokens a minute",
    of: ({ tokens_per_minute }) => (tokens_per_minute ? count(tokens_per_minute) : "unlimited"),
  },
  {
    label: "Price a month",
    of: ({ price_usd_month }) => (price_usd_month ? usdExact(price_usd_month) : "not said"),
  },
];

export function Plans() {
  const plans = useQuery(everyPlanQuery);
  return (
    <Page title="Plans" purpose="What each plan opens." within="Operator">
      <Loaded query={plans} heights={[360]}>
        {(plans) => (
          <Paper withBorder>
            <Table.ScrollContainer minWidth={200 + 160 * plans.length}>
              <Table verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Td />
                    {plans.map(({ id, name }) => (
                      <Table.Th key={id}>{name}</Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {lines.map(({ label, of }) => (
                    <Table.Tr key={label}>
                      <Table.Th scope="row" fw={400}>
                        <Text size="sm" c="dimmed">
                          {label}
                        </Text>
                      </Table.Th>
                      {plans.map((plan) => (
                        <Table.Td key={plan.id}>{of(plan)}</Table.Td>
                      ))}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
        )}
      </Loaded>
      <FromFile snippet={planSnippet} />
    </Page>
  );
}
