import { Anchor, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Provider, ProviderKey } from "../../api/client";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import { look } from "../ai-providers/state";
import { useKeyTest } from "../ai-providers/useKeyTest";

const TEST = "POST /api/v1/workspaces/{ws}/provider-keys/{provider}/test" as const;

export function KeyList({ keys, providers }: { keys: readonly ProviderKey[]; providers: readonly Provider[] }) {
  const here = useHere();
  const denied = useDenied(here.may(TEST), "admin", "Only admins can test provider keys.");
  const nameOf = (provider: string) => providers.find(({ id }) => id === provider)?.name ?? provider;
  return (
    <Paper withBorder p="lg" h="100%">
      <Stack gap="md">
        <Title order={2} size="h3">
          Provider keys
        </Title>
        {keys.map((key) => {
          const { tone, Icon, word } = look(key);
          return (
            <Stack key={key.provider} gap={6}>
              <Text fw={500}>{nameOf(key.provider)}</Text>
              <Group gap="xs">
                <StateBadge tone={tone} Icon={Icon} word={word} />
                <PayerBadge payer={payerKind(key.payer_now.payer)} />
              </Group>
              <Text size="sm" c="dimmed">
                {key.state === "none" ? (
                  "No own key here."
                ) : key.last_used_at ? (
                  <>
                    Last used <Time at={key.last_used_at} />
                  </>
                ) : (
                  "Never used."
                )}
              </Text>
              {key.state !== "none" && <KeyTest provider={key.provider} name={nameOf(key.provider)} denied={denied} />}
            </Stack>
          );
        })}
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link to="/w/$ws/settings/integrations/ai-providers" params={{ ws: here.id }} search={{}} {...props} />
          )}
        >
          AI Providers
        </Anchor>
      </Stack>
    </Paper>
  );
}

interface KeyTestProps {
  provider: string;
  name: string;
  denied: string | undefined;
}

/** Tests the key here; what to do about what comes of it is on its card. */
function KeyTest({ provider, name, denied }: KeyTestProps) {
  const here = useHere();
  const test = useKeyTest(here.id, provider);
  return (
    <>
      <ChangeButton
        size="xs"
        variant="default"
        loading={test.busy}
        denied={denied}
        aria-disabled={test.wait > 0}
        aria-label={test.wait > 0 ? undefined : `Test key for ${name}`}
        style={{ alignSelf: "flex-start" }}
        onClick={() => test.wait === 0 && void test.run()}
      >
        {test.wait > 0 ? `Next test in ${test.wait} s` : "Test key"}
      </ChangeButton>
      {test.verdict && (
        <Text size="sm" role="status">
          {test.verdict.title}. {test.verdict.cause}
        </Text>
      )}
      {test.failure}
    </>
  );
}
