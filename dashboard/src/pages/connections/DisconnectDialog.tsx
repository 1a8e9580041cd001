import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Connection } from "../../api/client";
import { connectionsQuery } from "../../api/connections";
import { answered, Failure } from "../../api/failure";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { Time } from "../../ui/Time";
import { short } from "./words";

interface Props {
  connection: Connection | undefined;
  title: string;
  onClose: () => void;
}

/** Says what goes, and what of it comes back, before it goes. */
export function DisconnectDialog({ connection, title, onClose }: Props) {
  return (
    <Dialog opened={connection !== undefined} onClose={onClose} title={`Disconnect ${title}?`} size={480}>
      {connection && <Question connection={connection} title={title} onClose={onClose} />}
    </Dialog>
  );
}

function Question({
  connection: { id, state, created_at, created_by },
  title,
  onClose,
}: Props & { connection: Connection }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const refetch = () => queries.invalidateQueries(connectionsQuery(ws));

  async function disconnect() {
    setBusy(true);
    setError(null);
    try {
      await answered(api.DELETE("/api/v1/workspaces/{ws}/connections/{id}", { params: { path: { ws, id } } }));
      notifications.show({ message: `Disconnected. Programs get no token of this ${title} account any more.` });
      // Closed only once the page shows it so: the focus must not go to a button that is about to go.
      await refetch();
      onClose();
    } catch (failure) {
      if (failure instanceof Failure && failure.problem.status === 404) {
        notifications.show({ message: `This ${title} account is disconnected already.` });
        onClose();
      } else {
        setError(failure);
      }
    }
    await refetch();
    setBusy(false);
  }

  if (state === "revoked" && !busy) return <Text>This {title} account has been disconnected already.</Text>;
  return (
    <Stack gap="md">
      <Text>
        The tokens of <Code>{short(id)}</Code>, connected <Time at={created_at} /> by <Actor id={created_by} />, are
        deleted here, and {title} is asked to revoke them. From now on{" "}
        <strong>programs that use this connection get no token, and their calls over it fail</strong>. The account at{" "}
        {title} stays as it is. Connected anew, it has another id.
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep the connection
        </Button>
        <ChangeButton color="red" loading={busy} onClick={() => void disconnect()}>
          Disconnect
        </ChangeButton>
      </Group>
    </Stack>
  );
}
