import { Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ChangeButton } from "./ChangeButton";
import { useHeldBack } from "./useHeldBack";

const UNDO_MS = 8_000;

/** Says what was done, and for a while offers to take it back. */
export function sayWithUndo(message: string, undo: () => void) {
  const id = crypto.randomUUID();
  const run = () => {
    notifications.hide(id);
    undo();
  };
  notifications.show({ id, autoClose: UNDO_MS, message: <Undoable message={message} undo={run} /> });
}

function Undoable({ message, undo }: { message: string; undo: () => void }) {
  const held = useHeldBack();
  return (
    <Group justify="space-between" wrap="nowrap">
      <Stack gap={4}>
        <Text size="sm">{message}</Text>
        {held && (
          <Text size="xs" c="dimmed">
            {held}
          </Text>
        )}
      </Stack>
      <ChangeButton size="compact-sm" variant="default" onClick={undo}>
        Undo
      </ChangeButton>
    </Group>
  );
}
