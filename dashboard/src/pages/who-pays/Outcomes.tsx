import { Group, Paper, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { Provider } from "../../api/client";
import { CodeWord } from "../../ui/CodeWord";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { type Outcome, situations } from "./changes";
import classes from "./WhoPays.module.css";

interface Props {
  outcomes: readonly Outcome[];
  /** What is in force now; what differs from it is marked. */
  before: readonly Outcome[];
  providers: readonly Provider[];
}

/** What a call comes to in every situation, as the server decides it. */
export function Outcomes({ outcomes, before, providers }: Props) {
  const columns = [...new Set(outcomes.map(({ provider }) => provider))];
  const rows = [...new Set(outcomes.map(({ situation }) => situation))];
  const find = (among: readonly Outcome[], provider: string, row: Outcome["situation"]) =>
    among.find((outcome) => outcome.provider === provider && outcome.situation === row);
  return (
    <Paper withBorder>
      <Table layout="fixed" verticalSpacing={6}>
        <Table.Caption>
          <VisuallyHidden>Who pays for a call, by the state of the key at each provider</VisuallyHidden>
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="36%">When</Table.Th>
            {columns.map((id) => (
              <Table.Th key={id}>{providers.find((provider) => provider.id === id)?.name ?? id}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row}>
              <Table.Th scope="row" fw={400}>
                {situations[row]}
              </Table.Th>
              {columns.map((id) => {
                const outcome = find(outcomes, id, row);
                const changed = !same(outcome, find(before, id, row));
                return (
                  <Table.Td key={id} className={changed ? classes.changed : undefined}>
                    {outcome && <Cell outcome={outcome} />}
                    {changed && <VisuallyHidden>changed</VisuallyHidden>}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Cell({ outcome }: { outcome: Outcome }) {
  // With a reason the call fails, also where there is someone to pay for it.
  if (!outcome.reason) return <PayerBadge payer={payerKind(outcome.payer)} />;
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      <IconX size={16} stroke={1.75} className={classes.icon} aria-hidden />
      <Stack gap={0} miw={0}>
        <Text size="sm">Call fails</Text>
        <Text size="sm" c="dimmed">
          <CodeWord>{outcome.reason.code}</CodeWord>
        </Text>
      </Stack>
    </Group>
  );
}

function same(a: Outcome | undefined, b: Outcome | undefined): boolean {
  return a?.payer === b?.payer && a?.reason?.code === b?.reason?.code;
}
