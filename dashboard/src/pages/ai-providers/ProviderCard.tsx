import { Box, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconKey, IconRefresh, IconTestPipe, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useHere, useProduct } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { StateBadge } from "../../ui/StateBadge";
import type { AtProvider } from "./AiProviders";
import { CardFacts } from "./CardFacts";
import { CardLink } from "./CardLink";
import { ChangedBy } from "./ChangedBy";
import { Note } from "./Note";
import classes from "./ProviderCard.module.css";
import { payerLine } from "./payer";
import { SavingNews } from "./SavingNews";
import { look } from "./state";
import { useChangedElsewhere } from "./useChangedElsewhere";
import { useKeyTest } from "./useKeyTest";
import { VerdictPanel } from "./VerdictPanel";

const PAGE = "/w/$ws/settings/integrations/ai-providers";

/** The id of a provider's card. */
export function cardOf(provider: string): string {
  return `card-${provider}`;
}

interface Props {
  at: AtProvider;
  planName: string;
  denied: string | undefined;
}

export function ProviderCard({ at: { provider, key }, planName, denied }: Props) {
  const here = useHere();
  const product = useProduct();
  const test = useKeyTest(here.id, provider.id);
  const changed = useChangedElsewhere(here.id, key);
  const navigate = useNavigate();
  const rotate = () => void navigate({ to: PAGE, params: { ws: here.id }, search: { rotate: provider.id } });
  const { tone, Icon, word } = look(key);
  const names = { provider: provider.name, product, plan: planName };
  return (
    <Paper
      withBorder
      p="lg"
      component="section"
      id={cardOf(provider.id)}
      tabIndex={-1}
      aria-labelledby={`provider-${provider.id}`}
      className={changed ? classes.changed : undefined}
    >
      <Stack gap="md" h="100%">
        <Group justify="space-between">
          <Title order={2} id={`provider-${provider.id}`}>
            {provider.name}
          </Title>
          <StateBadge tone={tone} Icon={Icon} word={word} />
        </Group>
        <Text size="lg" fw={500} className={classes[key.payer_now.payer ?? "nobody"]}>
          {payerLine(key.payer_now, names)}
        </Text>
        {changed && key.changed_by && (
          <Text size="sm" role="status">
            Changed just now by <ChangedBy id={key.changed_by} />.
          </Text>
        )}
        <Note at={{ provider, key }} planName={planName} />
        {key.state !== "none" && <CardFacts at={{ provider, key }} />}
        <Box flex={1} />
        <SavingNews provider={provider} current={key} />
        {test.verdict && (
          <VerdictPanel
            verdict={test.verdict}
            onAct={() => (test.verdict?.verdict === "invalid" ? rotate() : void test.run())}
            busy={test.busy}
            wait={test.verdict.verdict === "invalid" ? 0 : test.wait}
            second={
              <Button size="xs" variant="subtle" onClick={test.dismiss}>
                Dismiss
              </Button>
            }
          />
        )}
        {test.failure}
        {key.state === "none" ? (
          <Group className={classes.actions}>
            <CardLink search={{ add: provider.id }} denied={denied} Icon={IconKey}>
              {`Add ${provider.name} key`}
            </CardLink>
          </Group>
        ) : (
          <Group gap="xs" className={classes.actions}>
            <ChangeButton
              variant="default"
              leftSection={<IconTestPipe size={16} stroke={1.75} />}
              loading={test.busy}
              denied={denied}
              aria-disabled={test.wait > 0}
              aria-label={test.wait > 0 ? undefined : `Test key for ${provider.name}`}
              onClick={() => test.wait === 0 && void test.run()}
            >
              {test.wait > 0 ? `Next test in ${test.wait} s` : "Test key"}
            </ChangeButton>
            <CardLink
              search={{ rotate: provider.id }}
              denied={denied}
              Icon={IconRefresh}
              label={`Rotate the ${provider.name} key`}
            >
              Rotate
            </CardLink>
            <CardLink
              search={{ disconnect: provider.id }}
              denied={denied}
              Icon={IconTrash}
              label={`Disconnect ${provider.name}`}
            >
              Disconnect
            </CardLink>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
