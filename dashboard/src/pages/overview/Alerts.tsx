import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Provider, ProviderKey } from "../../api/client";
import { useHere } from "../../session/context";
import { Panel } from "../../ui/Panel";
import { look, needsHand } from "../ai-providers/state";

/** What needs somebody, the worst first. */
export function Alerts({ keys, providers }: { keys: readonly ProviderKey[]; providers: readonly Provider[] }) {
  const here = useHere();
  const broken = keys.filter(needsHand);
  if (broken.length === 0) return null;
  return (
    <Stack gap="sm">
      {broken.map((key) => {
        const { tone, Icon, word } = look(key);
        const name = providers.find(({ id }) => id === key.provider)?.name ?? key.provider;
        return (
          <Panel key={key.provider} tone={tone} Icon={Icon} title={`${name} key: ${word.toLowerCase()}`}>
            <Text size="sm">
              Calls on it fail; no other payer steps in.{" "}
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link
                    to="/w/$ws/settings/integrations/ai-providers"
                    params={{ ws: here.id }}
                    search={{}}
                    {...props}
                  />
                )}
              >
                See the key
              </Anchor>
            </Text>
          </Panel>
        );
      })}
    </Stack>
  );
}
