import { Anchor, Box, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type Icon, IconKey, IconRefresh, IconTestPipe, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useHere, useProduct, useSession } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import { type AtProvider, WRITE } from "./AiProviders";
import { CardFacts } from "./CardFacts";
import classes from "./ProviderCard.module.css";
import { payerLine } from "./payer";
import { look } from "./state";
import { useChangedElsewhere } from "./useChangedElsewhere";
import { useKeyTest } from "./useKeyTest";
import { VerdictPanel } from "./VerdictPanel";

const PAGE = "/w/$ws/settings/integrations/ai-providers";

export function ProviderCard({ at: { provider, key }, planName }: { at: AtProvider; planName: string }) {
  const here = useHere();
  const product = useProduct();
  const test = useKeyTest(here.id, provider.id);
  const changed = useChangedElsewhere(here.id, key);
  const navigate = useNavigate();
  const rotate = () => void navigate({ to: PAGE, params: { ws: here.id }, search: { rotate: provider.id } });
  const { tone, Icon, word } = look(key);
  const mayWrite = here.may(WRITE);
  const names = { provider: provider.name, product, plan: planName };
  return (
    <Paper
      withBorder
      p="lg"
      component="section"
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
        {changed && key.changed_by && <ChangedBy id={key.changed_by} />}
        <Note at={{ provider, key }} planName={planName} />
        {key.state !== "none" && <CardFacts at={{ provider, key }} />}
        <Box flex={1} />
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
          <Group>
            <CardLink search={{ add: provider.id }} disabled={!mayWrite} Icon={IconKey}>
              {`Add ${provider.name} key`}
            </CardLink>
          </Group>
        ) : (
          <Group gap="xs" className={classes.actions}>
            <Button
              variant="default"
              leftSection={<IconTestPipe size={16} stroke={1.75} />}
              loading={test.busy}
              aria-disabled={!mayWrite || test.wait > 0}
              onClick={() => mayWrite && test.wait === 0 && void test.run()}
            >
              {test.wait > 0 ? `Next test in ${test.wait} s` : "Test key"}
            </Button>
            <CardLink search={{ rotate: provider.id }} disabled={!mayWrite} Icon={IconRefresh}>
              Rotate
            </CardLink>
            <CardLink
              search={{ disconnect: provider.id }}
              disabled={!mayWrite}
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

/** What was here a moment ago is not any more, and it was not done in this window. */
function ChangedBy({ id }: { id: string }) {
  const { user } = useSession();
  return (
    <Text size="sm" role="status">
      Changed just now by {id === user.id ? "you in another window" : <Actor id={id} />}.
    </Text>
  );
}

interface LinkProps {
  search: { add?: string; rotate?: string; disconnect?: string };
  disabled: boolean;
  Icon: Icon;
  label?: string;
  children: string;
}

/** A button that opens a dialog, by its address. */
function CardLink({ search, disabled, Icon, label, children }: LinkProps) {
  const { id: ws } = useHere();
  const look = { variant: "default", leftSection: <Icon size={16} stroke={1.75} />, "aria-label": label };
  if (disabled) {
    return (
      <Button {...look} aria-disabled>
        {children}
      </Button>
    );
  }
  return (
    <Button {...look} renderRoot={(props) => <Link to={PAGE} params={{ ws }} search={search} {...props} />}>
      {children}
    </Button>
  );
}

/** What a state means beyond its badge, and the one thing to do about it. */
function Note({ at: { provider, key }, planName }: { at: AtProvider; planName: string }) {
  const out = (href: string, text: string) => (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm">
      {text}
    </Anchor>
  );
  const verdict = key.verdict;
  switch (key.state) {
    case "none":
      return (
        <Text size="sm" c="dimmed">
          With your own key, calls run at your prices and within your limits. {provider.name} bills you.
        </Text>
      );
    case "invalid":
      return (
        <Text size="sm">
          {provider.name} has refused this key since {key.invalid_since && <Time at={key.invalid_since} since />}. Calls
          on it fail; no other payer steps in.
        </Text>
      );
    case "needs_test":
      return <Text size="sm">Saved, not tested. The next call will tell, or a test now.</Text>;
    case "sealed":
      return <Text size="sm">The server can't open this key. No call uses it. Tell your operator.</Text>;
    case "dormant":
      return (
        <Text size="sm">{planName} has no own keys. Your key is kept; it wakes when the plan has own keys again.</Text>
      );
    case "active":
      switch (verdict?.verdict) {
        case "quota_exhausted":
          return (
            <Text size="sm">
              Calls on this key fail until the account is topped up.{" "}
              {out(provider.billing_url, `Open ${provider.name} billing`)}
            </Text>
          );
        case "rate_limited":
          return <Text size="sm">{provider.name} limited this account when the key was last tested.</Text>;
        case "valid_limited":
          return (
            <Text size="sm">
              {verdict.cause} {out(provider.keys_url, `Open key settings at ${provider.name}`)}
            </Text>
          );
        default:
          return null;
      }
  }
}
