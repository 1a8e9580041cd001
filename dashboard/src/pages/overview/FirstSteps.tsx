import { Anchor, Paper, Stack, Text, ThemeIcon, Timeline } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ProviderKey } from "../../api/client";
import { apiKeysQuery } from "../../api/queries";
import { useHere, useProduct } from "../../session/context";

/** The way to the first call, with what is done already. */
export function FirstSteps({ keys }: { keys: readonly ProviderKey[] }) {
  const here = useHere();
  const product = useProduct();
  const apiKeys = useQuery(apiKeysQuery(here.id));
  const hasProvider = keys.some(({ payer_now }) => payer_now.payer !== null);
  const hasKey = keys.some(({ payer_now }) => payer_now.payer === "byok");
  const hasApiKey = (apiKeys.data ?? []).some(({ revoked_at }) => !revoked_at);
  const mark = (done: boolean) =>
    done ? (
      <ThemeIcon size={22} radius="xl" color="ink">
        <IconCheck size={14} aria-label="done" />
      </ThemeIcon>
    ) : undefined;
  return (
    <Paper withBorder p="xl">
      <Timeline bulletSize={24} lineWidth={1} active={-1}>
        <Timeline.Item title="Add a provider key, or use managed access" bullet={mark(hasProvider)}>
          <Stack gap={4}>
            <Text size="sm" c="dimmed">
              {hasKey
                ? "Calls run on your key."
                : hasProvider
                  ? `${product}'s managed access pays for calls already.`
                  : "Without one, calls fail."}
            </Text>
            <Anchor
              size="sm"
              renderRoot={(props) => (
                <Link to="/w/$ws/settings/integrations/ai-providers" params={{ ws: here.id }} search={{}} {...props} />
              )}
            >
              AI Providers
            </Anchor>
          </Stack>
        </Timeline.Item>
        <Timeline.Item title="Create an API key" bullet={mark(hasApiKey)}>
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/w/$ws/settings/api-keys" params={{ ws: here.id }} search={{}} {...props} />
            )}
          >
            API keys
          </Anchor>
        </Timeline.Item>
        <Timeline.Item title="Make a call">
          <Text size="sm" c="dimmed">
            It appears here within a second.
          </Text>
          <Anchor
            size="sm"
            renderRoot={(props) => <Link to="/w/$ws/playground" params={{ ws: here.id }} search={{}} {...props} />}
          >
            Playground
          </Anchor>
        </Timeline.Item>
      </Timeline>
    </Paper>
  );
}
