import { Anchor, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Provider, ProviderKey } from "../../api/client";
import { useHere } from "../../session/context";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import { look } from "../ai-providers/state";

export function KeyList({ keys, providers }: { keys: readonly ProviderKey[]; providers: readonly Provider[] }) {
  const here = useHere();
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
              <Text fw={500}>{providers.find(({ id }) => id === key.provider)?.name ?? key.provider}</Text>
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
