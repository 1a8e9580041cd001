import { Button, Code, CopyButton, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "../../api/client";
import { answered } from "../../api/failure";
import { invitationsQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useHasEnded } from "../../session/session";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { Time } from "../../ui/Time";
import { meanings, roles } from "./roles";

export function InviteDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Invite" size={480}>
      <Invitation onClose={onClose} />
    </Dialog>
  );
}

function Invitation({ onClose }: { onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [mail, setMail] = useState("");
  const [role, setRole] = useState("member");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [made, setMade] = useState<{ link: string; expires_at: string } | null>(null);

  // The link is a secret, and stays no longer than whoever made it is signed in.
  const ended = useHasEnded();
  useEffect(() => {
    if (ended) setMade(null);
  }, [ended]);

  async function invite() {
    setBusy(true);
    setError(null);
    try {
      const body = { mail: mail.trim(), role };
      setMade(await answered(api.POST("/api/v1/workspaces/{ws}/members", { params: { path: { ws } }, body })));
      await queries.invalidateQueries(invitationsQuery(ws));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  }

  if (made) {
    return (
      <Stack gap="md">
        <Text size="sm">
          Give this link to {mail}. It works once, ends <Time at={made.expires_at} />, and is not shown again. No mail
          is sent.
        </Text>
        <Code block tabIndex={0}>
          {made.link}
        </Code>
        <Group justify="flex-end">
          <CopyButton value={made.link}>
            {({ copied, copy }) => (
              <Button onClick={copy} data-autofocus>
                {copied ? "Copied" : "Copy the link"}
              </Button>
            )}
          </CopyButton>
          <Button variant="default" onClick={onClose}>
            Done
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void invite();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Email"
          type="email"
          value={mail}
          onChange={(event) => setMail(event.currentTarget.value)}
          data-autofocus
          required
          withAsterisk={false}
        />
        <Select
          label="Role"
          description={meanings[role]}
          data={roles}
          value={role}
          allowDeselect={false}
          onChange={(role) => role && setRole(role)}
        />
        {error !== null && <FailurePanel error={error} />}
        <Group justify="flex-end">
          <ChangeButton type="submit" loading={busy}>
            Make the link
          </ChangeButton>
        </Group>
      </Stack>
    </form>
  );
}
