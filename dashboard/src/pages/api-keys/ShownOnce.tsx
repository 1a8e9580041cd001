import { Button, Code, Group, Stack, Tabs, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { apiKeysQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Panel } from "../../ui/Panel";
import { snippets } from "./snippets";

interface Props {
  made: { id: string; name: string; show: (element: HTMLElement | null) => void; read: () => string };
  onDone: () => void;
}

const PLACE = "YOUR_KEY";
const WAIT_MS = 3_000;

/** The one moment in which a new key is shown. */
export function ShownOnce({ made, onDone }: Props) {
  const here = useHere();
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const keys = useQuery({ ...apiKeysQuery(here.id), refetchInterval: WAIT_MS });
  const used = keys.data?.some(({ id, last_used_at }) => id === made.id && last_used_at) ?? false;

  async function copy(text: string) {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  }

  return (
    <Stack gap="md">
      <Text size="sm">Copy the key now. It won't be shown again.</Text>
      <Group wrap="nowrap" align="stretch">
        <Code block flex={1} ref={made.show} aria-label={`The key ${made.name}`} />
        <Button
          data-autofocus
          leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          onClick={() => void copy(made.read())}
        >
          {copied ? "Copied" : "Copy"}
        </Button>
      </Group>
      <Tabs defaultValue="curl">
        <Tabs.List>
          {snippets(window.location.origin).map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippets(window.location.origin).map(({ name, text }) => (
          <Tabs.Panel key={name} value={name} pt="sm">
            <Code block tabIndex={0}>
              {text(PLACE)}
            </Code>
            <Button size="xs" mt="xs" variant="default" onClick={() => void copy(text(made.read()))}>
              Copy with this key
            </Button>
          </Tabs.Panel>
        ))}
      </Tabs>
      {used ? (
        <Panel tone="ok" Icon={IconCheck} title="First call received" live />
      ) : (
        <Text size="sm" c="dimmed" role="status">
          Waiting for the first call…
        </Text>
      )}
      <Group justify="flex-end">
        {asking && <Text size="sm">You haven't copied it. It won't be shown again.</Text>}
        <Button variant="default" onClick={() => (copied || asking ? onDone() : setAsking(true))}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
