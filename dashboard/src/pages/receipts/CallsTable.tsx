import { Anchor, Paper, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Receipt } from "../../api/client";
import { credits } from "../../format/amount";
import { tokens } from "../../format/number";
import { useHere } from "../../session/context";
import { Item, Items } from "../../ui/Items";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Time } from "../../ui/Time";
import { Usd } from "../../ui/Usd";
import { useNarrow } from "../../ui/useNarrow";

/** Calls, newest first. A call's time is the link to its receipt. */
export function CallsTable({ receipts }: { receipts: readonly Receipt[] }) {
  if (useNarrow()) return <AsItems receipts={receipts} />;
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={720}>
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Time</Table.Th>
              <Table.Th>Model</Table.Th>
              <Table.Th>Payer</Table.Th>
              <Table.Th ta="right">Tokens</Table.Th>
              <Table.Th ta="right">At list price</Table.Th>
              <Table.Th ta="right">Credits paid</Table.Th>
              <Table.Th>Status</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {receipts.map((receipt) => (
              <Table.Tr key={receipt.id}>
                <Table.Td>
                  <ReceiptLink receipt={receipt} />
                </Table.Td>
                <Table.Td>{modelOf(receipt)}</Table.Td>
                <Table.Td>
                  <PayerBadge payer={payerKind(receipt.payer)} />
                </Table.Td>
                <Table.Td ta="right">{tokensOf(receipt)}</Table.Td>
                <Table.Td ta="right">{cost(receipt)}</Table.Td>
                <Table.Td ta="right">{credits(receipt.credits_paid)}</Table.Td>
                <Table.Td>
                  <Status receipt={receipt} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function AsItems({ receipts }: { receipts: readonly Receipt[] }) {
  return (
    <Items label="Calls">
      {receipts.map((receipt) => (
        <Item
          key={receipt.id}
          title={modelOf(receipt)}
          mark={<PayerBadge payer={payerKind(receipt.payer)} />}
          detail={<ReceiptLink receipt={receipt} />}
          amount={
            <>
              {paid(receipt)} · <Status receipt={receipt} />
            </>
          }
        />
      ))}
    </Items>
  );
}

function ReceiptLink({ receipt }: { receipt: Receipt }) {
  const { id: ws } = useHere();
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link to="/w/$ws/receipts/$req" params={{ ws, req: receipt.id }} {...props} />}
    >
      <Time at={receipt.at} />
    </Anchor>
  );
}

function Status({ receipt }: { receipt: Receipt }) {
  const bad = receipt.outcome !== "complete";
  return (
    <Text span size="sm" c={bad ? "var(--ok-bad)" : undefined}>
      {bad && "✕ "}
      {receipt.error ?? (receipt.status === 0 ? "caller left" : receipt.status)}
    </Text>
  );
}

function modelOf({ agent, model }: Receipt): string {
  return agent ? `${model} (${agent})` : (model ?? "none named");
}

function tokensOf({ usage }: Receipt): string {
  if (usage.input === undefined && usage.output === undefined) return "unknown";
  return `${tokens(usage.input ?? 0)} in, ${tokens(usage.output ?? 0)} out`;
}

/** What it costs the workspace, on whichever bill. */
function paid(receipt: Receipt) {
  if (receipt.payer !== "managed") return cost(receipt);
  return receipt.included ? "included" : `${credits(receipt.credits_paid)} credits`;
}

function cost(receipt: Receipt) {
  if (receipt.outcome === "refused") return "nobody";
  return <Usd amount={receipt.cost_usd} />;
}
