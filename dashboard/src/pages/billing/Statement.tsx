import { Anchor, Button, Group, Paper, Select, Stack, Table } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type LedgerEntry, ledgerQuery } from "../../api/money";
import { credits } from "../../format/amount";
import { bounds, lastMonths, monthFrom, monthName } from "../../format/month";
import { useHere } from "../../session/context";
import { Empty } from "../../ui/Empty";
import { Item, Items } from "../../ui/Items";
import { Loaded } from "../../ui/Loaded";
import { LoadMore } from "../../ui/LoadMore";
import { Time } from "../../ui/Time";
import { useNarrow } from "../../ui/useNarrow";
import { kindOf } from "./words";

const MONTHS = 24;

/** Each change of the credits in a month, and what was left then. */
export function Statement() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/billing" });
  const navigate = useNavigate();
  const now = new Date();
  const month = monthFrom(search.month, now);
  const query = useInfiniteQuery(ledgerQuery(here.id, bounds(month)));
  const narrow = useNarrow();
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end">
        <Select
          label="Month (UTC)"
          data={[...new Set([...lastMonths(MONTHS, now), month])].map((value) => ({ value, label: monthName(value) }))}
          value={month}
          allowDeselect={false}
          onChange={(month) => month && void navigate({ to: ".", search: { ...search, month } })}
        />
        <Group gap="sm">
          <Download month={month} format="csv" label="Export CSV" />
          <Download month={month} format="jsonl" label="Export JSON Lines" />
        </Group>
      </Group>
      <Loaded query={query} heights={[320]}>
        {({ pages }) => {
          const entries = pages.flatMap(({ data }) => data);
          if (entries.length === 0) {
            return <Empty title="Nothing changed">No credits came or went in {monthName(month)}.</Empty>;
          }
          return (
            <Stack gap="md">
              {narrow ? <AsItems entries={entries} /> : <Rows entries={entries} />}
              <LoadMore of={query} />
            </Stack>
          );
        }}
      </Loaded>
    </Stack>
  );
}

function Download({ month, format, label }: { month: string; format: "csv" | "jsonl"; label: string }) {
  const here = useHere();
  return (
    <Button
      component="a"
      href={`/api/v1/workspaces/${here.id}/statements/${month}?format=${format}`}
      download
      variant="default"
      leftSection={<IconDownload size={16} stroke={1.75} aria-hidden />}
    >
      {label}
    </Button>
  );
}

function Rows({ entries }: { entries: readonly LedgerEntry[] }) {
  return (
    <Paper withBorder>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th>Receipt</Table.Th>
            <Table.Th ta="right">Credits</Table.Th>
            <Table.Th ta="right">Balance</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={entry.seq}>
              <Table.Td>
                <Time at={entry.at} />
              </Table.Td>
              <Table.Td>{what(entry)}</Table.Td>
              <Table.Td>
                <Receipt entry={entry} />
              </Table.Td>
              <Table.Td ta="right">{change(entry)}</Table.Td>
              <Table.Td ta="right">{credits(entry.balance)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function AsItems({ entries }: { entries: readonly LedgerEntry[] }) {
  return (
    <Items label="Changes">
      {entries.map((entry) => (
        <Item
          key={entry.seq}
          title={what(entry)}
          mark={change(entry)}
          detail={
            <>
              <Time at={entry.at} /> <Receipt entry={entry} />
            </>
          }
          amount={`${credits(entry.balance)} left`}
        />
      ))}
    </Items>
  );
}

function Receipt({ entry: { request } }: { entry: LedgerEntry }) {
  const { id: ws } = useHere();
  if (!request) return null;
  return (
    <Anchor
      size="sm"
      ff="monospace"
      renderRoot={(props) => <Link to="/w/$ws/receipts/$req" params={{ ws, req: request }} {...props} />}
    >
      {`${request.slice(0, 12)}…`}
    </Anchor>
  );
}

function what({ kind, reason }: LedgerEntry): string {
  return reason ? `${kindOf(kind)}: ${reason}` : kindOf(kind);
}

function change({ change }: LedgerEntry): string {
  return change.startsWith("-") ? `−${credits(change.slice(1))}` : `+${credits(change)}`;
}
