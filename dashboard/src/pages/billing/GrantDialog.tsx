import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { answered } from "../../api/failure";
import { creditsQuery } from "../../api/money";
import { credits as amount, isZero, sum } from "../../format/amount";
import { exact } from "../../format/time";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";

type Grant = Schemas["GrantInput"];

const DAY_MS = 86_400_000;
const expiries = [
  { value: "", label: "never" },
  { value: "30", label: "in 30 days" },
  { value: "90", label: "in 90 days" },
  { value: "365", label: "in a year" },
];

/** Gives credits, after saying what there will be. */
export function GrantDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Grant credits" size={480}>
      <Steps onClose={onClose} />
    </Modal>
  );
}

function Steps({ onClose }: { onClose: () => void }) {
  const [grant, setGrant] = useState<Grant | null>(null);
  const [isAsked, setAsked] = useState(false);
  if (grant && isAsked) return <Confirm grant={grant} onBack={() => setAsked(false)} onClose={onClose} />;
  return (
    <Form
      before={grant}
      onDone={(grant) => {
        setGrant(grant);
        setAsked(true);
      }}
    />
  );
}

function Form({ before, onDone }: { before: Grant | null; onDone: (grant: Grant) => void }) {
  const [credits, setCredits] = useState(before?.credits ?? "");
  const [reason, setReason] = useState(before?.reason ?? "");
  const [days, setDays] = useState("");
  const isAmount = /^\d+(\.\d{1,6})?$/.test(credits) && !isZero(credits);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const expires_at = days ? new Date(Date.now() + Number(days) * DAY_MS).toISOString() : null;
        if (isAmount && reason.trim()) onDone({ credits, reason: reason.trim(), expires_at });
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Credits"
          inputMode="decimal"
          value={credits}
          onChange={(event) => setCredits(event.currentTarget.value.trim())}
          error={credits && !isAmount ? "A number above 0, with up to six decimals" : null}
          data-autofocus
          required
          withAsterisk={false}
        />
        <TextInput
          label="Reason"
          description="The workspace reads it."
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={200}
          required
          withAsterisk={false}
        />
        <Select
          label="Expires"
          data={expiries}
          value={days}
          allowDeselect={false}
          onChange={(days) => setDays(days ?? "")}
        />
        <Group justify="flex-end">
          <Button type="submit">Go on</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Confirm({ grant, onBack, onClose }: { grant: Grant; onBack: () => void; onClose: () => void }) {
  const here = useHere();
  const queries = useQueryClient();
  const now = useQuery(creditsQuery(here.id));
  // One order, however often it is sent.
  const [order] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function give() {
    setBusy(true);
    setError(null);
    try {
      const params = { path: { ws: here.id }, header: { "Idempotency-Key": order } };
      await answered(api.POST("/api/v1/workspaces/{ws}/credits/grants", { params, body: grant }));
      notifications.show({ message: `Granted. ${here.name} has ${amount(grant.credits)} credits more.` });
      onClose();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await Promise.all([
      queries.invalidateQueries(creditsQuery(here.id)),
      queries.invalidateQueries({ queryKey: [here.id, "ledger"] }),
    ]);
  }

  const balance = now.data?.balance;
  return (
    <Stack gap="md">
      <Text>
        {balance === undefined ? (
          `${here.name} gets ${amount(grant.credits)} credits.`
        ) : (
          <>
            {here.name} has {amount(balance)} credits. After this it has{" "}
            <strong>{amount(sum([balance, grant.credits]))}</strong>.
          </>
        )}
      </Text>
      <Text size="sm" c="dimmed">
        “{grant.reason}” · {grant.expires_at ? `expires ${exact(new Date(grant.expires_at))}` : "never expires"}
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
        <Button loading={busy} onClick={() => void give()} data-autofocus>
          Grant {amount(grant.credits)} credits
        </Button>
      </Group>
    </Stack>
  );
}
