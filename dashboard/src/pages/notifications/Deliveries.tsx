import { Button, Code, Group, List, Paper, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Webhook, type WebhookDelivery } from "../../api/client";
import { answered } from "../../api/failure";
import { deliveriesQuery } from "../../api/webhooks";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loaded } from "../../ui/Loaded";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import classes from "./WebhookCard.module.css";
import { became, ended, told } from "./words";

const REPLAY = "POST /api/v1/workspaces/{ws}/webhooks/{id}/deliveries/{delivery}/replay" as const;

/** What a webhook was told, and what became of each message. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const here = useHere();
  const deliveries = useQuery(deliveriesQuery(here.id, webhook.id));
  return (
    <Loaded query={deliveries} heights={[120]}>
      {(deliveries) =>
        deliveries.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing has been sent in the last thirty days.
          </Text>
        ) : (
          <Stack gap="sm" component="section" aria-label={`Messages to ${webhook.url}`}>
            {deliveries.map((delivery) => (
              <Item key={delivery.id} webhook={webhook} delivery={delivery} />
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}

function Item({ webhook, delivery }: { webhook: Webhook; delivery: WebhookDelivery }) {
  const here = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const may = here.may(REPLAY) && webhook.enabled;

  async function replay() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws: here.id, id: webhook.id, delivery: delivery.id };
      await answered(
        api.POST("/api/v1/workspaces/{ws}/webhooks/{id}/deliveries/{delivery}/replay", { params: { path } }),
      );
      notifications.show({ message: "It is sent once more, under the id that it has." });
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await queries.invalidateQueries(deliveriesQuery(here.id, webhook.id));
  }

  return (
    <Paper withBorder p="md" role="group" aria-label={`${told(delivery.event)}, ${delivery.id}`}>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Text fw={500}>{told(delivery.event)}</Text>
          <StateBadge {...became(delivery)} />
        </Group>
        <Text size="sm" c="dimmed" className={classes.wrap}>
          <Time at={delivery.created_at} /> · <Code>{delivery.id}</Code>
          {delivery.next_attempt_at && delivery.attempts.length > 0 && (
            <>
              {" "}
              · next attempt <Time at={delivery.next_attempt_at} />
            </>
          )}
        </Text>
        {delivery.attempts.length > 0 && (
          <List size="sm">
            {delivery.attempts.map((attempt) => (
              <List.Item key={attempt.at}>
                <Time at={attempt.at} />: {ended(attempt)}
              </List.Item>
            ))}
          </List>
        )}
        {error !== null && <FailurePanel error={error} />}
        <Group>
          <Button
            size="compact-sm"
            variant="default"
            aria-disabled={!may}
            loading={busy}
            onClick={() => may && void replay()}
          >
            Send again
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
