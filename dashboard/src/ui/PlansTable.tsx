import { Badge, Group, Paper, Stack, Table, Text } from "@mantine/core";
import type { Plan } from "../api/client";
import { Fact, Facts } from "./Facts";
import { useNarrow } from "./useNarrow";

/** What plans are compared by; without a text a plan says nothing of it. */
export interface PlanLine {
  name: string;
  of: (plan: Plan) => string | null;
}

interface Props {
  plans: readonly Plan[];
  lines: readonly PlanLine[];
}

/** Plans side by side, or one below the other where there is no room. What differs from one's own is bold. */
export function PlansTable({ plans, lines }: Props) {
  const narrow = useNarrow();
  // What no plan tells is not asked.
  const told = lines.filter(({ of }) => plans.some((plan) => of(plan) !== null));
  return narrow ? <AsItems plans={plans} lines={told} /> : <AsTable plans={plans} lines={told} />;
}

function AsTable({ plans, lines }: Props) {
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={180 + 140 * plans.length}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Td w={180} />
              {plans.map((plan) => (
                <Table.Th key={plan.id}>
                  {plan.name} <Yours plan={plan} />
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.map((line) => (
              <Table.Tr key={line.name}>
                <Table.Th scope="row" fw={400} c="dimmed">
                  {line.name}
                </Table.Th>
                {plans.map((plan) => (
                  <Table.Td key={plan.id} fw={weight(line, plan, plans)}>
                    {line.of(plan) ?? "unknown"}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function AsItems({ plans, lines }: Props) {
  return (
    <Stack gap="sm">
      {plans.map((plan) => (
        <Paper key={plan.id} withBorder p="md" component="section" aria-label={plan.name}>
          <Group justify="space-between" mb={4}>
            <Text fw={600}>{plan.name}</Text>
            <Yours plan={plan} />
          </Group>
          <Facts>
            {lines.map((line) => (
              <Fact key={line.name} name={line.name}>
                <Text span size="sm" fw={weight(line, plan, plans)}>
                  {line.of(plan) ?? "unknown"}
                </Text>
              </Fact>
            ))}
          </Facts>
        </Paper>
      ))}
    </Stack>
  );
}

function weight({ of }: PlanLine, plan: Plan, plans: readonly Plan[]): number {
  const present = plans.find(({ current }) => current);
  return present && of(plan) !== of(present) ? 600 : 400;
}

function Yours({ plan: { current } }: { plan: Plan }) {
  if (!current) return null;
  return (
    <Badge variant="default" tt="none" fw={500}>
      Yours
    </Badge>
  );
}
