import { Box, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import type { Connection } from "../../api/client";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { ChangeButton } from "../../ui/ChangeButton";
import { ChangeLink } from "../../ui/ChangeLink";
import { CopyText } from "../../ui/CopyText";
import { Fact, Facts } from "../../ui/Facts";
import { FailurePanel } from "../../ui/FailurePanel";
import { StateBadge } from "../../ui/StateBadge";
import { Time, useNow } from "../../ui/Time";
import classes from "./ConnectionCard.module.css";
import { DISCONNECT, useDeniedHere } from "./Connections";
import { useLeave } from "./useLeave";
import { cause, look, short } from "./words";

interface Props {
  connection: Connection;
  title: string;
  /** Whether its provider is in the configuration. */
  offered: boolean;
}

export function ConnectionCard({ connection, title, offered }: Props) {
  const { id, state, scopes } = connection;
  const live = state !== "revoked";
  return (
    <Paper withBorder p="lg" component="section" aria-labelledby={`at-${id}`}>
      <Stack gap="md" h="100%">
        <Group justify="space-between" gap="xs">
          <Title order={3} id={`at-${id}`}>
            {title}
          </Title>
          <StateBadge {...look(connection)} />
        </Group>
        {live && <Note connection={connection} title={title} />}
        {connection.last_error === "not_revoked" && (
          <Text size="sm">
            {title} did not confirm that it ended its token. Remove the access in your account there.
          </Text>
        )}
        <Facts>
          <Fact name="Id">
            <CopyText value={id} label="Copy the connection's id" shown={short(id)} />
          </Fact>
          {live && <Fact name="May">{scopes.join(", ")}</Fact>}
          <Fact name="Connected">
            <Time at={connection.created_at} /> by <Actor id={connection.created_by} />
          </Fact>
          {connection.ended_at && (
            <Fact name="Disconnected">
              <Time at={connection.ended_at} />
            </Fact>
          )}
          {live && <Freshness connection={connection} />}
        </Facts>
        <Box flex={1} />
        {live && <Actions connection={connection} title={title} offered={offered} />}
      </Stack>
    </Paper>
  );
}

function Freshness({ connection: { refreshed_at, expires_at, refresh_due_at, state } }: { connection: Connection }) {
  const over = hasExpired(expires_at, useNow());
  return (
    <>
      <Fact name="Refreshed">
        <Time at={refreshed_at} />
      </Fact>
      <Fact name={over ? "Expired" : "Expires"}>
        {expires_at ? <Time at={expires_at} /> : "never, as far as the provider says"}
      </Fact>
      {state === "active" && refresh_due_at && (
        <Fact name="Next refresh">
          <Time at={refresh_due_at} />
        </Fact>
      )}
    </>
  );
}

function hasExpired(at: Connection["expires_at"], now: Date): boolean {
  return typeof at === "string" && Date.parse(at) <= now.getTime();
}

/** What a state means beyond its badge. */
function Note({ connection: { state, last_error, last_error_at, expires_at }, title }: Omit<Props, "offered">) {
  const now = useNow();
  const why = last_error ? cause(last_error, title) : null;
  if (state === "needs_reauth") {
    return (
      <Text size="sm">
        {why} Programs have had no token
        {last_error_at && (
          <>
            {" "}
            since <Time at={last_error_at} since />
          </>
        )}
        . Connected again, it keeps its id, and they go on.
      </Text>
    );
  }
  if (!why) return null;
  const over = hasExpired(expires_at, now);
  return (
    <Text size="sm">
      {why} {over ? "Its token has expired, so programs get none." : "Programs still get the token it has."} It is tried
      again without you.
    </Text>
  );
}

function Actions({ connection: { id, state }, title, offered }: Props) {
  const here = useHere();
  const { leave, busy, error } = useLeave();
  const denied = useDeniedHere();
  const unoffered = offered ? undefined : `${title} is not in the server's configuration any more.`;
  return (
    <Stack gap="sm">
      {!offered && (
        <Text size="sm" c="dimmed">
          {title} is not in the server's configuration any more, so it can't be connected again. Ask the operator.
        </Text>
      )}
      {error !== null && <FailurePanel error={error} />}
      <Group gap="xs" className={classes.actions}>
        <ChangeButton
          variant={state === "needs_reauth" ? "filled" : "default"}
          leftSection={<IconRefresh size={16} stroke={1.75} />}
          denied={denied ?? unoffered}
          aria-label={`Reconnect ${title}`}
          loading={busy}
          onClick={() => void leave({ again: id })}
        >
          Reconnect
        </ChangeButton>
        <ChangeLink
          variant="default"
          leftSection={<IconTrash size={16} stroke={1.75} />}
          aria-label={`Disconnect ${title}`}
          denied={here.may(DISCONNECT) ? undefined : denied}
          link={{
            to: "/w/$ws/settings/integrations/connections",
            params: { ws: here.id },
            search: { disconnect: id },
          }}
        >
          Disconnect
        </ChangeLink>
      </Group>
    </Stack>
  );
}
