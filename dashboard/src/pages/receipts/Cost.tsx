import { Group, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { IconCheck, IconInfoCircle, IconQuestionMark } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { ReceiptDetail } from "../../api/client";
import { credits, isZero, usdExact, usdPerMillion } from "../../format/amount";
import { count } from "../../format/number";
import { StateBadge } from "../../ui/StateBadge";

const measures = {
  measured: { tone: "ok", Icon: IconCheck, text: "Counted by the provider." },
  estimated: {
    tone: "attention",
    Icon: IconInfoCircle,
    text: "From what was sent and what came of the answer, or from what the call can have used.",
  },
  unknown: { tone: "neutral", Icon: IconQuestionMark, text: "What the call used, or its price, is not known." },
} as const;

/** What is sold one by one; all else has its price by the million. */
const SINGLE = ["input_seconds", "web_searches", "file_searches"];

/** What the call cost, part by part, and what it would have cost with the other payer. */
export function Cost({ receipt, provider }: { receipt: ReceiptDetail; provider: string }) {
  const { tone, Icon, text } = measures[receipt.measured as keyof typeof measures] ?? measures.unknown;
  const other = otherPayer(receipt, provider);
  return (
    <Paper withBorder p="lg" component="section" aria-label="Cost">
      <Stack gap="md">
        <Group justify="space-between">
          <Title order={2} size="h3">
            Cost
          </Title>
          <StateBadge tone={tone} Icon={Icon} word={receipt.measured} />
        </Group>
        <Parts receipt={receipt} />
        <Text size="sm" c="dimmed">
          {text} {withoutParts(receipt)}
        </Text>
        {other && <Text size="sm">{other}</Text>}
      </Stack>
    </Paper>
  );
}

function Parts({ receipt }: { receipt: ReceiptDetail }) {
  const counted = Object.entries(receipt.usage).filter(([, amount]) => amount > 0);
  const items =
    receipt.cost_items ?? counted.map(([counted, count]) => ({ counted, count, each_usd: null, amount_usd: null }));
  return (
    <Table horizontalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>What</Table.Th>
          <Table.Th ta="right">Count</Table.Th>
          <Table.Th ta="right">Price</Table.Th>
          <Table.Th ta="right">Amount</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map(({ counted, count: amount, each_usd, amount_usd }) => (
          <Table.Tr key={counted}>
            <Table.Th scope="row" fw={400}>
              {counted.replaceAll("_", " ")}
            </Table.Th>
            <Table.Td ta="right">{count(amount)}</Table.Td>
            <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
              {each_usd ? priceOf(counted, each_usd) : "unknown"}
            </Table.Td>
            <Table.Td ta="right">{amount_usd ? usdExact(amount_usd) : "unknown"}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
      <Table.Tfoot style={{ borderTop: "1px solid var(--ok-line-strong)" }}>
        <Sum name="At list price">{receipt.cost_usd ? usdExact(receipt.cost_usd) : "unknown"}</Sum>
        <Sum name="Credits paid">{`${credits(receipt.credits_paid)}${receipt.included ? ", included" : ""}`}</Sum>
        {!isZero(receipt.overrun_credits) && (
          <Sum name="Beyond that">{`${credits(receipt.overrun_credits)} credits, paid by the operator`}</Sum>
        )}
      </Table.Tfoot>
    </Table>
  );
}

function Sum({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      <Table.Td colSpan={3} ta="right" fw={600}>
        {children}
      </Table.Td>
    </Table.Tr>
  );
}

function priceOf(counted: string, each: string): string {
  return SINGLE.includes(counted) ? `${usdExact(each)} each` : `${usdPerMillion(each)} / M`;
}

/** Why its parts have no prices here. */
function withoutParts({ cost_items, cost_usd, usage }: ReceiptDetail): string {
  if (cost_items || Object.keys(usage).length === 0) return "";
  return cost_usd ? "Its single prices are no longer in use; the sum stands." : "No price is known for it.";
}

/** What the other one of the two would have paid, as the server reckons it. */
function otherPayer(receipt: ReceiptDetail, provider: string): string | null {
  if (receipt.with_own_key_usd && !isZero(receipt.with_own_key_usd)) {
    return `With your own key this would have cost about ${usdExact(receipt.with_own_key_usd)} at ${provider}.`;
  }
  if (receipt.with_managed_credits && !isZero(receipt.with_managed_credits)) {
    return `With managed access this would have cost ${credits(receipt.with_managed_credits)} credits.`;
  }
  return null;
}
