import { Accordion, Anchor, Code, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AuditEvent } from "../../api/client";
import { keysQuery, providersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { Time } from "../../ui/Time";
import { type Change, changes } from "./changes";
import classes from "./EventList.module.css";
import { placeOf } from "./places";
import { provided, told } from "./told";
import { kindOf, said } from "./words";

/** Events, newest first; each opens to what it changed. */
export function EventList({ events }: { events: readonly AuditEvent[] }) {
  return (
    <Paper withBorder>
      <Accordion multiple chevronPosition="left">
        {events.map((event) => (
          <Item key={event.id} event={event} />
        ))}
      </Accordion>
    </Paper>
  );
}

function Item({ event }: { event: AuditEvent }) {
  return (
    <Accordion.Item value={event.id}>
      <Accordion.Control>
        <div className={classes.line}>
          <Text size="sm">
            <strong>
              <Actor id={event.actor} />
            </strong>{" "}
            {said(event.action)}
            <What event={event} />
          </Text>
          <Text size="sm" c="dimmed">
            <Time at={event.at} />
          </Text>
        </div>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="sm">
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              No. {event.seq} · <Code>{event.action}</Code>
            </Text>
            <ObjectLink event={event} />
          </Group>
          <Changes changes={changes(event.detail)} />
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

/** What it was done to, as people know it. */
function What({ event: { actor, action, object, detail } }: { event: AuditEvent }) {
  const { id: ws } = useHere();
  const kind = kindOf(action);
  const keys = useQuery({ ...keysQuery(ws), enabled: kind === "credential" });
  const providers = useQuery({ ...providersQuery, enabled: kind === "credential" });
  if (actor === object) return null;
  if (kind === "member" && object.startsWith("usr_")) {
    return (
      <>
        : <Actor id={object} />
      </>
    );
  }
  if (kind === "api_key" && !told(action, object, detail)) {
    return (
      <>
        : <Actor id={object} />
      </>
    );
  }
  const id = provided(detail) ?? keys.data?.find(({ credential }) => credential === object)?.provider;
  const provider = id && (providers.data?.find((one) => one.id === id)?.name ?? id);
  const text = kind === "credential" ? provider : told(action, object, detail);
  return text ? `: ${text}` : null;
}

/** What it was done to, where that has a page. */
function ObjectLink({ event: { action, object } }: { event: AuditEvent }) {
  const { id: ws } = useHere();
  const place = placeOf(action, object);
  if (!place) return <Code>{object}</Code>;
  return (
    <Anchor size="sm" renderRoot={(props) => <Link to={place.to} params={{ ws }} search={place.search} {...props} />}>
      {object}
    </Anchor>
  );
}

function Changes({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <Text size="sm">Nothing more was noted.</Text>;
  const hasBefore = changes.some(({ before }) => before !== undefined);
  return (
    <Table layout="fixed" withRowBorders={false}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>What</Table.Th>
          {hasBefore && <Table.Th>Before</Table.Th>}
          <Table.Th>{hasBefore ? "After" : "Value"}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {changes.map(({ name, before, after }) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}>
              {name}
            </Table.Th>
            {hasBefore && <Value>{before}</Value>}
            <Value>{after}</Value>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Value({ children = "–" }: { children: string | undefined }) {
  return (
    <Table.Td ff="monospace" fz="xs" style={{ overflowWrap: "anywhere" }}>
      {children}
    </Table.Td>
  );
}
