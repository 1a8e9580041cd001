import { Button, Group, List, Stack, Text } from "@mantine/core";
import type { Policy, Provider } from "../../api/client";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { changes } from "./changes";

interface Props {
  opened: boolean;
  onClose: () => void;
  before: Policy;
  /** What the server says it comes to. */
  after: Policy | undefined;
  providers: readonly Provider[];
  consent: string | null;
  busy: boolean;
  error: unknown;
  onSave: () => void;
}

/** What changes, before it does. */
export function SaveDialog({ opened, onClose, before, after, providers, consent, busy, error, onSave }: Props) {
  const lines = after ? changes(before.outcomes, after.outcomes, providers) : [];
  return (
    <Dialog opened={opened} onClose={onClose} title="From now on" size={560}>
      <Stack gap="md">
        {lines.length === 0 && <Text>Who pays stays as it is in every case.</Text>}
        <List spacing={6}>
          {lines.map(({ where, from, to }) => (
            <List.Item key={where}>
              {where}: {from} → <strong>{to}</strong>
            </List.Item>
          ))}
        </List>
        {consent && <Text>{consent}</Text>}
        {error !== null && <FailurePanel error={error} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            Keep it as it was
          </Button>
          <ChangeButton loading={busy} disabled={!after} onClick={onSave} data-autofocus>
            Save
          </ChangeButton>
        </Group>
      </Stack>
    </Dialog>
  );
}
