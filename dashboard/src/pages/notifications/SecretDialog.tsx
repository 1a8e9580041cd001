import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { api, type Webhook } from "../../api/client";
import { answered } from "../../api/failure";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";
import { kept, type Secret, SecretShown } from "./SecretShown";

interface Props {
  webhook: Webhook | null;
  onClose: () => void;
}

/** Gives a webhook a new secret, once somebody has read what that means. */
export function SecretDialog({ webhook, onClose }: Props) {
  return (
    <Modal
      opened={webhook !== null}
      onClose={onClose}
      title="New secret"
      size={560}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      {webhook && <Renewal webhook={webhook} onClose={onClose} />}
    </Modal>
  );
}

function Renewal({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { id: ws } = useHere();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [secret, setSecret] = useState<Secret | null>(null);

  async function renew() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws, id: webhook.id };
      const made = await answered(api.POST("/api/v1/workspaces/{ws}/webhooks/{id}/secret", { params: { path } }));
      setSecret(kept(made.secret));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  }

  if (secret) {
    return (
      <SecretShown secret={secret} onDone={onClose}>
        For 24 hours messages are signed with the old secret too.
      </SecretShown>
    );
  }
  return (
    <Stack gap="md">
      <Text>
        The receiver at {webhook.url} needs the new secret within 24 hours. Until then messages are signed with both.
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep the secret
        </Button>
        <Button loading={busy} onClick={() => void renew()}>
          Make a new secret
        </Button>
      </Group>
    </Stack>
  );
}
