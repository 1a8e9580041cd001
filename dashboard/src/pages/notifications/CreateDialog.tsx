import { Button, Checkbox, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { answered } from "../../api/failure";
import { webhooksQuery } from "../../api/webhooks";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";
import { kept, type Secret, SecretShown } from "./SecretShown";
import { events } from "./words";

export function CreateDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const phone = useMediaQuery("(max-width: 48em)");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Add webhook"
      size={600}
      fullScreen={phone}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Creation onClose={onClose} />
    </Modal>
  );
}

function Creation({ onClose }: { onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [url, setUrl] = useState("");
  const [chosen, setChosen] = useState<string[]>(events.map(({ event }) => event));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [secret, setSecret] = useState<Secret | null>(null);

  async function create() {
    setBusy(true);
    setError(null);
    try {
      const body = { url: url.trim(), events: chosen };
      const made = await answered(api.POST("/api/v1/workspaces/{ws}/webhooks", { params: { path: { ws } }, body }));
      setSecret(kept(made.secret));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await queries.invalidateQueries(webhooksQuery(ws));
  }

  if (secret) return <SecretShown secret={secret} onDone={onClose} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen.length > 0) void create();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Address"
          description="Messages are posted there. It can't be changed later: the secret is bound to it."
          placeholder="https://example.com/hooks"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          inputMode="url"
          data-autofocus
          required
          withAsterisk={false}
        />
        <Checkbox.Group label="Tell it when" value={chosen} onChange={setChosen}>
          <Stack gap="xs" mt="xs">
            {events.map(({ event, text }) => (
              <Checkbox key={event} value={event} label={text} description={event} />
            ))}
          </Stack>
        </Checkbox.Group>
        {error !== null && <FailurePanel error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} aria-disabled={chosen.length === 0}>
            Add webhook
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
