import { Accordion, Button, Center, Code, Group, Paper, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { AuditEvent } from "../../api/client";
import { auditQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { Actor } from "../../ui/Actor";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Time } from "../../ui/Time";
import { said } from "./words";

const READ = "GET /api/v1/workspaces/{ws}/audit" as const;

export function Audit() {
  const here = useHere();
  const denied = useDenied(here.may(READ), "admin", "Only admins can read the audit log.");
  return (
    <Page title="Audit log" purpose="Who did what, to what, and when. Secrets are never in it." within={here.name}>
      {denied ? <Denied>{denied}</Denied> : <Events />}
    </Page>
  );
}

function Events() {
  const here = useHere();
  const query = useInfiniteQuery(auditQuery(here.id));
  return (
    <Loaded query={query} heights={[400]}>
      {({ pages }) => {
        const events = pages.flatMap(({ data }) => data);
        if (events.length === 0) return <Empty title="Changes will be recorded here" />;
        return (
          <Stack gap="md">
            <Paper withBorder>
              <Accordion multiple chevronPosition="left">
                {events.map((event) => (
                  <Item key={event.id} event={event} />
                ))}
              </Accordion>
            </Paper>
            {query.hasNextPage && (
              <Center>
                <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Load more
                </Button>
              </Center>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Item({ event }: { event: AuditEvent }) {
  return (
    <Accordion.Item value={event.id}>
      <Accordion.Control>
        <Group justify="space-between" gap="xs">
          <Text size="sm">
            <strong>
              <Actor id={event.actor} />
            </strong>{" "}
            {said(event.action)}
          </Text>
          <Text size="sm" c="dimmed">
            <Time at={event.at} />
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            No. {event.seq} · <Code>{event.action}</Code> · <Code>{event.object}</Code>
          </Text>
          <Code block tabIndex={0}>
            {JSON.stringify(event.detail, null, 2)}
          </Code>
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}
