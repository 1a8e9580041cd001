import { Paper, Progress, Table, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { UsageRow } from "../../api/client";
import { apiKeysQuery } from "../../api/queries";
import { credits, isZero } from "../../format/amount";
import { count, plural, share, tokens } from "../../format/number";
import { useHere } from "../../session/context";
import { Item, Items } from "../../ui/Items";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Usd } from "../../ui/Usd";
import { useNarrow } from "../../ui/useNarrow";
import { totals } from "./chart";

export const groupings = [
  { value: "model", label: "Model" },
  { value: "payer", label: "Payer" },
  { value: "agent", label: "Agent" },
  { value: "api_key", label: "Key" },
  { value: "provider", label: "Provider" },
] as const;

interface Props {
  rows: readonly UsageRow[];
  /** Of the same calls those on own keys, by the same. */
  own: readonly UsageRow[];
  by: string;
  limit?: number;
  /** What it is sorted by, and how to sort by something else. */
  sort?: string | undefined;
  onSort?: (sort: string) => void;
}

const columns: { id: string; label: string; of: (row: UsageRow) => number }[] = [
  { id: "calls", label: "Calls", of: ({ calls }) => calls },
  { id: "errors", label: "Errors", of: ({ errors }) => errors },
  { id: "input", label: "Tokens in", of: ({ usage }) => usage.input ?? 0 },
  { id: "output", label: "Tokens out", of: ({ usage }) => usage.output ?? 0 },
  { id: "credits", label: "Credits paid", of: ({ credits_paid }) => Number(credits_paid) },
  { id: "cost", label: "At list price", of: ({ cost_usd }) => Number(cost_usd) },
];

/** What calls add up to by something, the dearest first unless asked otherwise. */
export function GroupsTable({ rows, own, by, limit, sort = "cost", onSort }: Props) {
  const all = totals(rows);
  const amount = columns.find(({ id }) => id === sort)?.of ?? ((row: UsageRow) => Number(row.cost_usd));
  const sorted = rows.toSorted((a, b) => amount(b) - amount(a) || b.calls - a.calls);
  const shown = sorted.slice(0, limit);
  const part = (row: UsageRow) => (Number(all.cost) > 0 ? (100 * Number(row.cost_usd)) / Number(all.cost) : 0);
  if (useNarrow()) return <AsItems rows={shown} own={own} by={by} part={part} />;
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={680}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{groupings.find(({ value }) => value === by)?.label ?? by}</Table.Th>
              {columns.map(({ id, label }) => (
                <Table.Th key={id} ta="right" aria-sort={id === sort ? "descending" : undefined}>
                  {onSort ? (
                    <UnstyledButton fz="sm" fw={id === sort ? 700 : 600} onClick={() => onSort(id)}>
                      {label}
                      {id === sort && " ↓"}
                    </UnstyledButton>
                  ) : (
                    label
                  )}
                </Table.Th>
              ))}
              <Table.Th w={140}>Share at list price</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((row) => (
              <Table.Tr key={row.key ?? ""}>
                <Table.Td>
                  <Name by={by} name={row.key ?? null} />
                </Table.Td>
                <Table.Td ta="right">{count(row.calls)}</Table.Td>
                <Table.Td ta="right">{count(row.errors)}</Table.Td>
                <Table.Td ta="right">{tokens(row.usage.input ?? 0)}</Table.Td>
                <Table.Td ta="right">{tokens(row.usage.output ?? 0)}</Table.Td>
                <Table.Td ta="right">{credits(row.credits_paid)}</Table.Td>
                <Table.Td ta="right">
                  <Usd amount={row.cost_usd} />
                </Table.Td>
                <Table.Td>
                  <Progress value={part(row)} color="var(--ok-line-strong)" aria-hidden />
                  <Text size="xs" c="dimmed">
                    {share(part(row), 100)}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Table.Tr>
              <Table.Th>All</Table.Th>
              <Table.Th ta="right">{count(all.calls)}</Table.Th>
              <Table.Th ta="right">{count(all.errors)}</Table.Th>
              <Table.Th ta="right">{tokens(all.input)}</Table.Th>
              <Table.Th ta="right">{tokens(all.output)}</Table.Th>
              <Table.Th ta="right">{credits(all.credits)}</Table.Th>
              {/* Part of it is no bill of anybody's: a sum would say what was never paid. */}
              <Table.Td />
              <Table.Td />
            </Table.Tr>
          </Table.Tfoot>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function AsItems({ rows, own, by, part }: Pick<Props, "rows" | "own" | "by"> & { part: (row: UsageRow) => number }) {
  const billed = ({ key }: UsageRow) => own.find((row) => row.key === key)?.cost_usd ?? "0";
  return (
    <Items label="Groups">
      {rows.map((row) => {
        const paid = isZero(row.credits_paid) ? null : `${credits(row.credits_paid)} credits`;
        // Whose providers bill nothing is told what was paid.
        const isManaged = paid !== null && isZero(billed(row));
        return (
          <Item
            key={row.key ?? ""}
            title={<Name by={by} name={row.key ?? null} />}
            mark={isManaged ? paid : <Usd amount={billed(row)} />}
            detail={`${plural(row.calls, "call")}, ${count(row.errors)} failed`}
            amount={paid === null || isManaged ? share(part(row), 100) : `${paid} · ${share(part(row), 100)}`}
          />
        );
      })}
    </Items>
  );
}

function Name({ by, name }: { by: string; name: string | null }) {
  const here = useHere();
  const keys = useQuery({ ...apiKeysQuery(here.id), enabled: by === "api_key" });
  if (by === "payer") return <PayerBadge payer={payerKind(name)} />;
  if (name === null)
    return (
      <Text span c="dimmed">
        none
      </Text>
    );
  return keys.data?.find(({ id }) => id === name)?.name ?? name;
}
