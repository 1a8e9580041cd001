import { Button, Collapse, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconChevronDown, IconSend, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api, type Webhook } from "../../api/client";
import { answered } from "../../api/failure";
import { deliveriesQuery, webhooksQuery } from "../../api/webhooks";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { Fact, Facts } from "../../ui/Facts";
import { FailurePanel } from "../../ui/FailurePanel";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import { Deliveries } from "./Deliveries";
import classes from "./WebhookCard.module.css";
import { lookOf, told, whyOff } from "./words";

const CHANGE = "PATCH /api/v1/workspaces/{ws}/webhooks/{id}" as const;

interface Props {
  webhook: Webhook;
  onRemove: (webhook: Webhook) => void;
  onRenew: (webhook: Webhook) => void;
}

export function WebhookCard({ webhook, onRemove, onRenew }: Props) {
  const { id, url, events, disabled_reason, failing_since, last_delivered_at, created_at, created_by } = webhook;
  const [opened, setOpened] = useState(false);
  return (
    <Paper withBorder p="lg" component="section" aria-labelledby={`at-${id}`}>
      <Stack gap="md">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h3" id={`at-${id}`} className={classes.wrap}>
            {url}
          </Title>
          <StateBadge {...lookOf(webhook)} />
        </Group>
        {disabled_reason && <Text size="sm">{whyOff(disabled_reason)}</Text>}
        {!disabled_reason && failing_since && (
          <Text size="sm">
            Its receiver has taken nothing since <Time at={failing_since} />. Messages are sent again for three days,
            and after five days of that it is switched off. See below what it answered.
          </Text>
        )}
        <Facts>
          <Fact name="Told of">
            <List size="sm" listStyleType="none">
              {events.map((event) => (
                <List.Item key={event}>{told(event)}</List.Item>
              ))}
            </List>
          </Fact>
          <Fact name="Last taken">{last_delivered_at ? <Time at={last_delivered_at} /> : "never"}</Fact>
          <Fact name="Added">
            <Time at={created_at} /> by <Actor id={created_by} />
          </Fact>
        </Facts>
        <Actions
          webhook={webhook}
          onRemove={onRemove}
          onRenew={onRenew}
          onTested={() => setOpened(true)}
          more={
            <Button
              variant="subtle"
              rightSection={<IconChevronDown size={16} stroke={1.75} />}
              aria-expanded={opened}
              onClick={() => setOpened(!opened)}
            >
              Messages
            </Button>
          }
        />
        <Collapse expanded={opened}>{opened && <Deliveries webhook={webhook} />}</Collapse>
      </Stack>
    </Paper>
  );
}

interface ActionsProps extends Props {
  onTested: () => void;
  more: ReactNode;
}

function Actions({ webhook, onRemove, onRenew, onTested, more }: ActionsProps) {
  const here = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const may = here.may(CHANGE);
  const path = { ws: here.id, id: webhook.id };

  async function attempt(asking: () => Promise<unknown>, message: string) {
    setBusy(true);
    setError(null);
    try {
      await asking();
      notifications.show({ message });
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await queries.invalidateQueries(webhooksQuery(here.id));
  }

  const change = (enabled: boolean) =>
    attempt(
      () => answered(api.PATCH("/api/v1/workspaces/{ws}/webhooks/{id}", { params: { path }, body: { enabled } })),
      enabled ? "Switched on. It is told of what happens from now on." : "Paused.",
    );
  const test = async () => {
    await attempt(
      () => answered(api.POST("/api/v1/workspaces/{ws}/webhooks/{id}/test", { params: { path } })),
      "A test is on its way. What becomes of it shows below.",
    );
    onTested();
    await queries.invalidateQueries(deliveriesQuery(here.id, webhook.id));
  };
  return (
    <Stack gap="sm">
      {error !== null && <FailurePanel error={error} />}
      <Group gap="xs" className={classes.actions}>
        {webhook.enabled ? (
          <Button
            variant="default"
            leftSection={<IconSend size={16} stroke={1.75} />}
            aria-disabled={!may}
            loading={busy}
            onClick={() => may && void test()}
          >
            Send test
          </Button>
        ) : (
          <Button aria-disabled={!may} loading={busy} onClick={() => may && void change(true)}>
            Switch on
          </Button>
        )}
        {webhook.enabled && (
          <Button variant="default" aria-disabled={!may} onClick={() => may && void change(false)}>
            Pause
          </Button>
        )}
        <Button variant="default" aria-disabled={!may} onClick={() => may && onRenew(webhook)}>
          New secret
        </Button>
        <Button
          variant="default"
          leftSection={<IconTrash size={16} stroke={1.75} />}
          aria-disabled={!may}
          onClick={() => may && onRemove(webhook)}
        >
          Remove
        </Button>
        {more}
      </Group>
    </Stack>
  );
}
