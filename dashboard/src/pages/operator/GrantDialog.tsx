import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { answered } from "../../api/failure";
import { creditsQuery } from "../../api/money";
import { credits, sum } from "../../format/amount";
import { ChangeButton } from "../../ui/ChangeButton";
import { CopyText } from "../../ui/CopyText";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { endOf } from "./apart";

interface Props {
  workspace: { id: string; name: string };
  opened: boolean;
  onClose: () => void;
}

export function GrantDialog({ workspace, opened, onClose }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={`Grant credits to ${workspace.name}`} size={520}>
      <Steps workspace={workspace} onClose={onClose} />
    </Dialog>
  );
}

interface Order {
  amount: string;
  reason: string;
  /** A day; empty is never. */
  until: string;
}

function Steps({ workspace, onClose }: Omit<Props, "opened">) {
  const [order, setOrder] = useState<Order>({ amount: "", reason: "", until: "" });
  // One for the whole dialog: whatever is pressed how often, the grant is given once.
  const [orderKey] = useState(() => `grant-${crypto.randomUUID()}`);
  const [confirming, setConfirming] = useState(false);
  if (confirming) {
    return (
      <Confirm
        workspace={workspace}
        order={order}
        orderKey={orderKey}
        onBack={() => setConfirming(false)}
        onDone={onClose}
      />
    );
  }
  return <Form order={order} orderKey={orderKey} onChange={setOrder} onNext={() => setConfirming(true)} />;
}

const DECIMAL = "[0-9]{1,12}([.][0-9]{1,6})?";

interface FormProps {
  order: Order;
  orderKey: string;
  onChange: (order: Order) => void;
  onNext: () => void;
}

function Form({ order, orderKey, onChange, onNext }: FormProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onNext();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Amount"
          description="In credits, such as 100 or 12.5"
          value={order.amount}
          onChange={(event) => onChange({ ...order, amount: event.currentTarget.value.trim() })}
          inputMode="decimal"
          pattern={DECIMAL}
          title="A decimal number above 0 with up to six digits behind the point"
          data-autofocus
          required
          withAsterisk={false}
        />
        <TextInput
          label="Reason"
          description="The workspace reads it too"
          value={order.reason}
          onChange={(event) => onChange({ ...order, reason: event.currentTarget.value })}
          maxLength={200}
          required
          withAsterisk={false}
        />
        <TextInput
          label="Expires"
          description="At the end of that day, UTC. Left empty, never."
          type="date"
          value={order.until}
          onChange={(event) => onChange({ ...order, until: event.currentTarget.value })}
        />
        <Stack gap={4}>
          <Text size="sm">Idempotency key: sent twice, it is still one grant.</Text>
          <CopyText value={orderKey} label="Copy the idempotency key" />
        </Stack>
        <Group justify="flex-end">
          <Button type="submit">Go on</Button>
        </Group>
      </Stack>
    </form>
  );
}

interface ConfirmProps {
  workspace: { id: string; name: string };
  order: Order;
  orderKey: string;
  onBack: () => void;
  onDone: () => void;
}

function Confirm({ workspace, order, orderKey, onBack, onDone }: ConfirmProps) {
  const { id: ws, name } = workspace;
  const queries = useQueryClient();
  const balance = useQuery(creditsQuery(ws));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function give() {
    setBusy(true);
    setError(null);
    try {
      const expires_at = order.until ? `${order.until}T23:59:59Z` : null;
      await answered(
        api.POST("/api/v1/workspaces/{ws}/credits/grants", {
          params: { path: { ws }, header: { "Idempotency-Key": orderKey } },
          body: { credits: order.amount, reason: order.reason.trim(), expires_at },
        }),
      );
      notifications.show({ message: `Granted. ${name} has ${credits(order.amount)} credits more.` });
      onDone();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await Promise.all([
      queries.invalidateQueries(creditsQuery(ws)),
      queries.invalidateQueries({ queryKey: [ws, "ledger"] }),
      queries.invalidateQueries({ queryKey: ["operator"] }),
    ]);
  }

  const before = balance.data?.balance;
  return (
    <Stack gap="md">
      {before !== undefined ? (
        <Text>
          {name} has <strong>{credits(before)} credits</strong>. With this grant it has{" "}
          <strong>{credits(sum([before, order.amount]))} credits</strong>.
        </Text>
      ) : (
        <Text>
          {name} gets {credits(order.amount)} credits.
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {order.until ? `What is left expires at the end of ${order.until}, UTC.` : "They never expire."} It is recorded
        in the workspace's audit log, and can't be taken back.
      </Text>
      <Group gap={4}>
        <Text size="sm">The workspace's id is</Text>
        <CopyText value={ws} shown={endOf(ws)} label="Copy the workspace's id" />
      </Group>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
        <ChangeButton loading={busy} onClick={() => void give()} data-autofocus>
          {`Grant ${credits(order.amount)} credits`}
        </ChangeButton>
      </Group>
    </Stack>
  );
}
