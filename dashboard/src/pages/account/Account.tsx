import { Anchor, Box, Container, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDeviceDesktop } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { answered } from "../../api/failure";
import { sessionsQuery } from "../../api/queries";
import { Connection } from "../../frame/Connection";
import { changePassword } from "../../session/access";
import { useSession } from "../../session/context";
import { begin } from "../../session/session";
import { ChangeButton } from "../../ui/ChangeButton";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import { field, PasswordField } from "../auth/fields";
import { SecretForm } from "../auth/SecretForm";
import { Looks } from "./Looks";

export function Account() {
  const { user } = useSession();
  return (
    <Container component="main" size={720} py="xl">
      <Connection />
      <Page title="Account" purpose={`${user.name} · ${user.mail}`}>
        <Anchor renderRoot={(props) => <Link to="/" {...props} />}>Back to the dashboard</Anchor>
        <Password />
        <Sessions />
        <Looks />
      </Page>
    </Container>
  );
}

function Password() {
  const queries = useQueryClient();
  const [done, setDone] = useState(0);
  async function send(fields: FormData) {
    begin(queries, await changePassword(field(fields, "current"), field(fields, "password")));
    await queries.invalidateQueries(sessionsQuery);
    notifications.show({ message: "Changed. Sessions elsewhere have ended." });
    setDone((done) => done + 1);
  }
  return (
    <Paper withBorder p="lg">
      <Stack gap="md" maw={380}>
        <Title order={2} size="h3">
          Password
        </Title>
        <SecretForm key={done} action="Change password" send={send}>
          <PasswordField name="current" label="Current password" />
          <PasswordField label="New password" isNew />
        </SecretForm>
      </Stack>
    </Paper>
  );
}

function Sessions() {
  const queries = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const [busy, setBusy] = useState(false);

  async function end(doing: Promise<unknown>, done: string) {
    setBusy(true);
    try {
      await doing;
      notifications.show({ message: done });
    } catch (error) {
      notifications.show({ message: (error as Error).message, color: "red" });
    }
    setBusy(false);
    await queries.invalidateQueries(sessionsQuery);
  }

  return (
    <Paper withBorder p="lg">
      <Stack gap="md">
        <Group justify="space-between">
          <Title order={2} size="h3">
            Sessions
          </Title>
          <ChangeButton
            variant="default"
            loading={busy}
            onClick={() => void end(answered(api.DELETE("/api/v1/sessions")), "All other sessions have ended.")}
          >
            End all others
          </ChangeButton>
        </Group>
        <Loaded query={sessions} heights={[120]}>
          {(sessions) =>
            sessions.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                onEnd={() =>
                  void end(
                    answered(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id: session.id } } })),
                    "Signed out there.",
                  )
                }
              />
            ))
          }
        </Loaded>
      </Stack>
    </Paper>
  );
}

function SessionRow({ session, onEnd }: { session: Schemas["SessionItem"]; onEnd: () => void }) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <Box miw={0}>
        <Text size="sm" lineClamp={2}>
          {session.user_agent || "An unnamed browser"}
        </Text>
        <Text size="sm" c="dimmed">
          Signed in <Time at={session.created_at} />, last seen <Time at={session.last_seen_at} />
        </Text>
      </Box>
      {session.current ? (
        <Box flex="none">
          <StateBadge tone="ok" Icon={IconDeviceDesktop} word="This one" />
        </Box>
      ) : (
        <ChangeButton variant="default" size="compact-sm" flex="none" onClick={onEnd}>
          Sign out there
        </ChangeButton>
      )}
    </Group>
  );
}
