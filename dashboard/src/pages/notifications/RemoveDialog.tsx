import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Webhook } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { webhooksQuery } from "../../api/webhooks";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";

interface Props {
  webhook: Webhook | null;
  onClose: () => void;
}

export function RemoveDialog({ webhook, onClose }: Props) {
  return (
    <Modal opened={webhook !== null} onClose={onClose} title="Remove webhook?" size={480}>
      {webhook && <Question webhook={webhook} onClose={onClose} />}
    </Modal>
  );
}

function Question({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function remove() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws, id: webhook.id };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/webhooks/{id}", { params: { path } }));
      notifications.show({ message: "Removed. Nothing more is sent there." });
      onClose();
    } catch (failure) {
      if (failure instanceof Failure && failure.problem.status === 404) {
        notifications.show({ message: "It is removed already." });
        onClose();
      } else {
        setError(failure);
      }
    }
    setBusy(false);
    await queries.invalidateQueries(webhooksQuery(ws));
  }

  return (
    <Stack gap="md">
      <Text>
        Nothing more is sent to {webhook.url}, and what was sent there is forgotten, with what still waits. Its secret
        is deleted.
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep the webhook
        </Button>
        <Button color="red" loading={busy} onClick={() => void remove()}>
          Remove
        </Button>
      </Group>
    </Stack>
  );
}
