import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";

/** A secret that stays in a closure until its dialog is gone: it is in no state. */
export interface Secret {
  /** Takes it to where it is shown. */
  show: (element: HTMLElement | null) => void;
  read: () => string;
}

export function kept(secret: string): Secret {
  return {
    show: (element) => {
      if (element) element.textContent = secret;
    },
    read: () => secret,
  };
}

/** The one moment in which a secret is shown. */
export function SecretShown({ secret, onDone, children }: { secret: Secret; onDone: () => void; children?: string }) {
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);

  async function copy() {
    await navigator.clipboard.writeText(secret.read());
    setCopied(true);
  }

  return (
    <Stack gap="md">
      <Text size="sm">
        Give this secret to the receiver: it verifies with it that messages are from here. It won't be shown again.
      </Text>
      <Group wrap="nowrap" align="stretch">
        <Code block flex={1} ref={secret.show} aria-label="The secret" />
        <Button
          data-autofocus
          leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          onClick={() => void copy()}
        >
          {copied ? "Copied" : "Copy"}
        </Button>
      </Group>
      {children && <Text size="sm">{children}</Text>}
      <Group justify="flex-end">
        {asking && <Text size="sm">You haven't copied it. It won't be shown again.</Text>}
        <Button variant="default" onClick={() => (copied || asking ? onDone() : setAsking(true))}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
