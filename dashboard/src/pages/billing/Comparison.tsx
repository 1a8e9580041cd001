import { Paper, Spoiler, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { UsageRow } from "../../api/client";
import { providersQuery, usageQuery } from "../../api/queries";
import { credits } from "../../format/amount";
import { listed } from "../../format/listed";
import { count } from "../../format/number";
import { useHere } from "../../session/context";
import { Usd } from "../../ui/Usd";
import { withManaged, withOwnKey } from "./compare";

interface Props {
  during: { from: string; to: string };
  /** The same in words. */
  when: string;
}

/** What the same calls would have cost on the other account. */
export function Comparison({ during, when }: Props) {
  const managed = useCalls("managed", during);
  const own = useCalls("byok", during);
  const lines = [
    { payer: "managed", text: withOwnKey(managed.models, managed.providers, when), rows: managed.models },
    { payer: "byok", text: withManaged(own.models, own.providers, when), rows: own.models },
  ].filter(({ text }) => text !== null);
  if (lines.length === 0) return null;
  return (
    <Paper withBorder p="lg" component="section" aria-label="Comparison">
      <Stack gap="md">
        <Title order={2} size="h3">
          The other way round
        </Title>
        {lines.map(({ payer, text, rows }) => (
          <Stack key={payer} gap={4}>
            <Text>{text}</Text>
            <Spoiler maxHeight={0} showLabel="Which models" hideLabel="Hide the models">
              <Models rows={rows} />
            </Spoiler>
          </Stack>
        ))}
        <Text size="sm" c="dimmed">
          Estimate from list prices.
        </Text>
      </Stack>
    </Paper>
  );
}

/** The calls of models that one of the two paid for, and who served them. */
function useCalls(payer: "byok" | "managed", during: Props["during"]) {
  const here = useHere();
  const named = useQuery(providersQuery);
  const models = useQuery(usageQuery(here.id, { ...during, by: "model", payer }));
  const providers = useQuery(usageQuery(here.id, { ...during, by: "provider", payer }));
  const names = (providers.data?.data ?? []).flatMap(({ key }) => named.data?.find(({ id }) => id === key)?.name ?? []);
  return {
    models: (models.data?.data ?? []).filter(({ key }) => Boolean(key)),
    providers: listed(names, "and") || "your providers",
  };
}

function Models({ rows }: { rows: readonly UsageRow[] }) {
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            <Table.Th ta="right">Calls</Table.Th>
            <Table.Th ta="right">At list price</Table.Th>
            <Table.Th ta="right">Credits paid</Table.Th>
            <Table.Th ta="right">Credits at the present rate</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.key}>
              <Table.Td>{row.key}</Table.Td>
              <Table.Td ta="right">{count(row.calls)}</Table.Td>
              <Table.Td ta="right">
                <Usd amount={row.cost_usd} />
              </Table.Td>
              <Table.Td ta="right">{credits(row.credits_paid)}</Table.Td>
              <Table.Td ta="right">{row.credits_at_rate ? credits(row.credits_at_rate) : "unknown"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
