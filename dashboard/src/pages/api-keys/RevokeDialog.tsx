import { Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiKey, api } from "../../api/client";
import { answered } from "../../api/failure";
import { apiKeysQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { Time } from "../../ui/Time";

export function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  return (
    <Dialog opened={apiKey !== null} onClose={onClose} title={apiKey && `Revoke ${apiKey.name}?`} size={480}>
      {apiKey && <Question apiKey={apiKey} onClose={onClose} />}
    </Dialog>
  );
}

function Question({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const refetch = () => queries.invalidateQueries(apiKeysQuery(ws));

  async function revoke() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws, id: apiKey.id };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/api-keys/{id}", { params: { path } }));
      notifications.show({ message: `Revoked. Calls with ${apiKey.name} fail from now on.` });
      // Closed only once the list is without it: the focus must not go to a button that is about to go.
      await refetch();
      onClose();
    } catch (failure) {
      setError(failure);
      await refetch();
    }
    setBusy(false);
  }

  return (
    <Stack gap="md">
      <Text>
        Calls with <em>{apiKey.name}</em> will fail from now on. Last used{" "}
        {apiKey.last_used_at ? <Time at={apiKey.last_used_at} /> : "never"}.
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep the key
        </Button>
        <ChangeButton color="red" loading={busy} onClick={() => void revoke()}>
          Revoke
        </ChangeButton>
      </Group>
    </Stack>
  );
}
