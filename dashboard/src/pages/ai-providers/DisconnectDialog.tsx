import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { creditsQuery } from "../../api/money";
import { keysQuery, policyQuery } from "../../api/queries";
import { useHere, useProduct } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";
import type { AtProvider } from "./AiProviders";
import { payerAfter, payerNow } from "./payer";

interface Props {
  at: AtProvider | undefined;
  planName: string;
  onClose: () => void;
}

/** Says who pays once the key is gone, before it goes. */
export function DisconnectDialog({ at, planName, onClose }: Props) {
  return (
    <Modal opened={at !== undefined} onClose={onClose} title={at && `Disconnect ${at.provider.name}?`} size={480}>
      {at && <Question at={at} planName={planName} onClose={onClose} />}
    </Modal>
  );
}

function Question({ at: { provider, key }, planName, onClose }: Props & { at: AtProvider }) {
  const { id: ws } = useHere();
  const product = useProduct();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const pays = key.payer_if_disconnected;
  const policy = useQuery(policyQuery(ws));
  const left = useQuery({ ...creditsQuery(ws), enabled: pays.managed === "credits" }).data;
  const ownOnly = policy.data?.payer === "byok_only";
  const names = { provider: provider.name, product, plan: planName, ownOnly };

  async function disconnect() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws, provider: provider.id };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/provider-keys/{provider}", { params: { path } }));
      notifications.show({ message: payerNow(pays, names) });
      onClose();
    } catch (failure) {
      if (failure instanceof Failure && failure.problem.status === 404) {
        notifications.show({ message: `${provider.name} is disconnected already.` });
        onClose();
      } else {
        setError(failure);
      }
    }
    setBusy(false);
    await queries.invalidateQueries(keysQuery(ws));
  }

  if (key.state === "none") return <Text>There is no {provider.name} key. It has been disconnected already.</Text>;
  const [who, and] = payerAfter(pays, names, left);
  return (
    <Stack gap="md">
      <Text>
        The key {key.hint} is deleted here. From the next call on, <strong>{who}</strong>
        {and}. Your key still exists at {provider.name}.
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep the key
        </Button>
        <Button color="red" loading={busy} onClick={() => void disconnect()}>
          Disconnect
        </Button>
      </Group>
    </Stack>
  );
}
