import { Anchor, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { receiptQuery } from "../../api/queries";
import { credits } from "../../format/amount";
import { tokens, wholeDuration } from "../../format/number";
import { useHere } from "../../session/context";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Usd } from "../../ui/Usd";

/** Who paid for an answer, and what it took: its receipt in one line. */
export function AnswerFooter({ req }: { req: string }) {
  const { id: ws } = useHere();
  const { data: receipt } = useQuery(receiptQuery(ws, req));
  return (
    <Group gap="xs" mt="xs" mih={26}>
      {receipt && (
        <>
          <PayerBadge payer={payerKind(receipt.payer)} />
          <Text size="sm" c="dimmed">
            {tokens(receipt.usage.input ?? 0)} in, {tokens(receipt.usage.output ?? 0)} out ·{" "}
            {receipt.payer !== "managed" && (
              <>
                <Usd amount={receipt.cost_usd} />,{" "}
              </>
            )}
            {credits(receipt.credits_paid)} credits · {wholeDuration(receipt.timing_ms.total)}
          </Text>
        </>
      )}
      <Anchor size="sm" renderRoot={(props) => <Link to="/w/$ws/receipts/$req" params={{ ws, req }} {...props} />}>
        Receipt
      </Anchor>
    </Group>
  );
}
