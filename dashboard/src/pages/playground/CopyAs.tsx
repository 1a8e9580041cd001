import { Button, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { Request } from "./request";
import { snippetsOf } from "./snippets";

/** Copies the call for other programs, with its key left to their environment. */
export function CopyAs({ request }: { request: Request }) {
  const clipboard = useClipboard();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={
            clipboard.copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} stroke={1.75} aria-hidden />
          }
        >
          {clipboard.copied ? "Copied" : "Copy as…"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {snippetsOf(window.location.origin, request).map(({ name, text }) => (
          <Menu.Item key={name} onClick={() => clipboard.copy(text)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
