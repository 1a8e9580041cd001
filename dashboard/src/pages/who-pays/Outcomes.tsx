import { Group, Paper, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { PaidBy, Policy, Provider } from "../../api/client";
import { PayerBadge, payerKind } from "../../ui/Payer";
import classes from "./WhoPays.module.css";

type Outcome = Policy["outcomes"][number];

const cases: Record<Outcome["case"], string> = {
  key_works: "the key works",
  no_key: "there is no key",
  refused: "the key is refused",
  rate_limited: "it is over its rate limit",
  quota_exhausted: "its account has no money",
  unavailable: "the provider is down",
  sealed: "the key can't be opened",
  dormant: "the key is asleep (plan without own keys)",
};

interface Props {
  outcomes: readonly Outcome[];
  /** What is in force now; what differs from it is marked. */
  before: readonly Outcome[];
  providers: readonly Provider[];
}

/** What a call comes to in every case, as the server decides it. */
export function Outcomes({ outcomes, before, providers }: Props) {
  const columns = [...new Set(outcomes.map(({ provider }) => provider))];
  const rows = [...new Set(outcomes.map((outcome) => outcome.case))];
  const find = (among: readonly Outcome[], provider: string, row: Outcome["case"]) =>
    among.find((outcome) => outcome.provider === provider && outcome.case === row)?.paid_by;
  return (
    <Paper withBorder>
      <Table layout="fixed" verticalSpacing="sm">
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
                {cases[row]}
              </Table.Th>
              {columns.map((id) => {
                const paid = find(outcomes, id, row);
                const changed = !same(paid, find(before, id, row));
                return (
                  <Table.Td key={id} className={changed ? classes.changed : undefined}>
                    {paid && <Cell paid={paid} />}
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

function Cell({ paid }: { paid: PaidBy }) {
  const payer = payerKind(paid.payer);
  if (payer) return <PayerBadge payer={payer} />;
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      <IconX size={16} stroke={1.75} className={classes.icon} aria-hidden />
      <Stack gap={0} miw={0}>
        <Text size="sm">Call fails</Text>
        <Text size="xs" c="dimmed" ff="monospace" className={classes.code}>
          {paid.reason?.code}
        </Text>
      </Stack>
    </Group>
  );
}

function same(a: PaidBy | undefined, b: PaidBy | undefined): boolean {
  return a?.payer === b?.payer && a?.reason?.code === b?.reason?.code;
}
