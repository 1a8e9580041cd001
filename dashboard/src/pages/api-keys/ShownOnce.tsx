import { Button, Code, Group, Stack, Tabs, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { apiKeysQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Panel } from "../../ui/Panel";
import { snippets } from "./snippets";

/** A key that was just made. */
export interface Made {
  id: string;
  name: string;
  scopes: readonly string[];
  /** Takes the secret to where it is shown; it is in no state. */
  show: (element: HTMLElement | null) => void;
  read: () => string;
}

interface Props {
  made: Made;
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
  const ways = snippets(window.location.origin, made.scopes);
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
      {ways.length > 0 && (
        <Tabs defaultValue={ways[0]?.name}>
          <Tabs.List>
            {ways.map(({ name }) => (
              <Tabs.Tab key={name} value={name}>
                {name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {ways.map(({ name, text }) => (
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
      )}
      {made.scopes.includes("inference") && <FirstCall received={used} />}
      <Group justify="flex-end">
        {asking && <Text size="sm">You haven't copied it. It won't be shown again.</Text>}
        <Button variant="default" onClick={() => (copied || asking ? onDone() : setAsking(true))}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}

function FirstCall({ received }: { received: boolean }) {
  if (received) return <Panel tone="ok" Icon={IconCheck} title="First call received" live />;
  return (
    <Text size="sm" c="dimmed" role="status">
      Waiting for the first call…
    </Text>
  );
}
