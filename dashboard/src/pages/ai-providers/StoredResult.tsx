import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import type { ProviderKey } from "../../api/client";
import { useHere, useProduct } from "../../session/context";
import type { AtProvider } from "./AiProviders";
import { callsNow } from "./payer";
import { REST_S, useKeyTest } from "./useKeyTest";
import { VerdictPanel } from "./VerdictPanel";

interface Props {
  at: AtProvider;
  stored: ProviderKey;
  /** The key that was there before. */
  replaced: string | null;
  time: string;
  onDone: () => void;
}

/** What a test said of a key that is stored now, and who pays from the next call on. */
export function StoredResult({ at: { provider }, stored, replaced, time, onDone }: Props) {
  const product = useProduct();
  const { id: ws } = useHere();
  // It was tested just now.
  const test = useKeyTest(ws, provider.id, REST_S);
  const verdict = test.verdict ?? stored.verdict;
  return (
    <Stack gap="md">
      {stored.state === "needs_test" || !verdict ? (
        <Text role="status">Saved, not tested. The next call will tell.</Text>
      ) : (
        <VerdictPanel verdict={verdict} onAct={() => void test.run()} busy={test.busy} wait={test.wait} />
      )}
      {test.failure}
      {stored.payer_now.fallback ? (
        <Text fw={500}>
          From the next call on, {provider.name} is asked on your key first. {callsNow(stored.payer_now, product)}
        </Text>
      ) : stored.payer_now.on_own_key ? (
        <Text fw={500}>
          From the next call on, {provider.name} models run on your key. {provider.name} bills you; {product} charges
          nothing for them.
        </Text>
      ) : (
        <Text fw={500}>The key is saved, and no call uses it as long as the policy is what it is.</Text>
      )}
      {replaced && (
        <Text size="sm">
          No new call uses {replaced}, on any server, since {time}; running ones finish on it. Now delete it at{" "}
          {provider.name}:{" "}
          <Anchor href={provider.keys_url} target="_blank" rel="noreferrer" size="sm">
            Open API Keys at {provider.name}
          </Anchor>
        </Text>
      )}
      <Group justify="flex-end">
        <Button onClick={onDone} data-autofocus>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
