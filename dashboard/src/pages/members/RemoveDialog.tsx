import { Button, Group, Radio, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Member } from "../../api/client";
import { answered } from "../../api/failure";
import { membersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { sessionQuery } from "../../session/session";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";

export function RemoveDialog({ member, onClose }: { member: Member | null; onClose: () => void }) {
  const title = member && (member.you ? "Leave the workspace?" : `Remove ${member.name}?`);
  return (
    <Dialog opened={member !== null} onClose={onClose} title={title} size={480}>
      {member && <Question member={member} onClose={onClose} />}
    </Dialog>
  );
}

function Question({ member, onClose }: { member: Member; onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [keys, setKeys] = useState("keep");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const refetch = () =>
    queries.invalidateQueries({ queryKey: member.you ? sessionQuery.queryKey : membersQuery(ws).queryKey });

  async function remove() {
    setBusy(true);
    setError(null);
    try {
      const params = { path: { ws, id: member.id }, query: { api_keys: keys } };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/members/{id}", { params }));
      notifications.show({ message: "Removed." });
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
      <Text>{member.you ? "You lose access now." : `${member.name} loses access now.`}</Text>
      <Radio.Group
        label={member.you ? "The API keys you made" : "API keys made by them"}
        value={keys}
        onChange={setKeys}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="keep" label="stay" />
          <Radio value="revoke" label="are revoked" />
        </Stack>
      </Radio.Group>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          {member.you ? "Stay" : "Keep the member"}
        </Button>
        <ChangeButton color="red" loading={busy} onClick={() => void remove()}>
          {member.you ? "Leave" : "Remove"}
        </ChangeButton>
      </Group>
    </Stack>
  );
}
