import { Group, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";

/** Why something here can't be done by this person, and who can. */
export function Denied({ children }: { children: string }) {
  return (
    <Group gap="xs" wrap="nowrap" c="dimmed">
      <IconLock size={16} stroke={1.75} style={{ flex: "none" }} aria-hidden />
      <Text size="sm">{children}</Text>
    </Group>
  );
}
