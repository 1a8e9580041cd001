import { Code, Group, Paper, Progress, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import {
  type Icon,
  IconAlertOctagon,
  IconCheck,
  IconCircle,
  IconCircleDashed,
  IconCircleOff,
  IconClockExclamation,
  IconCloudOff,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Provider, Schemas } from "../../api/client";
import { healthQuery } from "../../api/operator";
import { providersQuery } from "../../api/queries";
import { bytes, count, plural, share } from "../../format/number";
import { CopyText } from "../../ui/CopyText";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import type { Tone } from "../../ui/tone";
import { useNarrow } from "../../ui/useNarrow";

type Health = Schemas["InstallationHealth"];
type ManagedKey = Schemas["ManagedKey"];

interface Look {
  tone: Tone;
  Icon: Icon;
  word: string;
}

const looks: Record<ManagedKey["state"], Look> = {
  refused: { tone: "bad", Icon: IconAlertOctagon, word: "Refused" },
  limited: { tone: "attention", Icon: IconClockExclamation, word: "Over its limit" },
  unavailable: { tone: "attention", Icon: IconCloudOff, word: "No answer" },
  works: { tone: "ok", Icon: IconCheck, word: "Works" },
  unused: { tone: "neutral", Icon: IconCircleDashed, word: "No call yet" },
  none: { tone: "neutral", Icon: IconCircle, word: "None" },
};

/** The end of an id tells nodes apart, its start may not. */
const NODE_SHOWN = 8;

export function Health() {
  const health = useQuery(healthQuery);
  return (
    <Page
      title="Health"
      purpose="Your keys at the providers, the vault, the nodes and the database, as they are now."
      within="Operator"
    >
      <Loaded query={health} heights={[160, 200]}>
        {(health) => (
          <Stack gap="lg">
            <Failing keys={health.managed_keys} />
            {health.not_ready && (
              <Panel tone="bad" Icon={IconAlertOctagon} title="Calls can't be served" live>
                <Text size="sm">{health.not_ready}</Text>
              </Panel>
            )}
            <ManagedKeys keys={health.managed_keys} />
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
              <Kek kek={health.kek} />
              <Installation health={health} />
            </SimpleGrid>
            <Nodes nodes={health.nodes} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

const troubles: Partial<Record<ManagedKey["state"], (provider: string) => { title: string; cause: string }>> = {
  refused: (provider) => ({
    title: `${provider} refuses your managed key`,
    cause: "It was revoked or changed there, or its account has no money. Managed calls to it fail; nobody is charged.",
  }),
  limited: (provider) => ({
    title: `Your managed account at ${provider} is over its limit`,
    cause: "Some managed calls to it fail until the limit is over.",
  }),
  unavailable: (provider) => ({
    title: `${provider} isn't answering managed calls`,
    cause: "It timed out, or answered with an error of its own.",
  }),
};

/** A managed key that fails is the first thing to see. */
function Failing({ keys }: { keys: readonly ManagedKey[] }) {
  const nameOf = useProviderName();
  return keys.map((key) => {
    const trouble = troubles[key.state]?.(nameOf(key.provider));
    if (!trouble) return null;
    const { tone, Icon } = looks[key.state];
    return (
      <Panel key={key.provider} tone={tone} Icon={Icon} title={trouble.title} code={key.hint ?? undefined} live>
        <Text size="sm">
          {trouble.cause}{" "}
          {key.since && (
            <>
              Since <Time at={key.since} />.
            </>
          )}
        </Text>
      </Panel>
    );
  });
}

function ManagedKeys({ keys }: { keys: readonly ManagedKey[] }) {
  const nameOf = useProviderName();
  return (
    <Section title="Managed keys">
      <KeysOrItems keys={keys} nameOf={nameOf} />
      <Text size="sm" c="dimmed">
        As calls through the node that answered this page have found them since it started.
      </Text>
    </Section>
  );
}

function KeysOrItems({ keys, nameOf }: { keys: readonly ManagedKey[]; nameOf: (id: string) => string }) {
  if (useNarrow()) {
    return keys.map((key) => (
      <div key={key.provider}>
        <Group justify="space-between">
          <Text fw={500}>{nameOf(key.provider)}</Text>
          <StateBadge {...looks[key.state]} />
        </Group>
        <Facts>
          <Fact name="Key">{key.hint ? <Code>{key.hint}</Code> : "none"}</Fact>
          <Fact name="Last success">
            <Seen at={key.last_success_at} />
          </Fact>
          <Fact name="Last failure">
            <Seen at={key.last_failure_at} />
          </Fact>
          <Fact name="Failed, last hour">{failedOf(key)}</Fact>
        </Facts>
      </div>
    ));
  }
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Provider</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Last success</Table.Th>
            <Table.Th>Last failure</Table.Th>
            <Table.Th ta="right">Failed, last hour</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key.provider}>
              <Table.Td>{nameOf(key.provider)}</Table.Td>
              <Table.Td>{key.hint ? <Code>{key.hint}</Code> : "none"}</Table.Td>
              <Table.Td>
                <StateBadge {...looks[key.state]} />
              </Table.Td>
              <Table.Td>
                <Seen at={key.last_success_at} />
              </Table.Td>
              <Table.Td>
                <Seen at={key.last_failure_at} />
              </Table.Td>
              <Table.Td ta="right">{failedOf(key)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Seen({ at }: { at: string | null | undefined }) {
  return at ? <Time at={at} /> : "none seen";
}

function failedOf({ hour_calls: calls, hour_failed: failed }: ManagedKey): string {
  return calls === 0 ? "no calls" : `${share(failed, calls)} of ${plural(calls, "call")}`;
}

function Kek({ kek }: { kek: Health["kek"] }) {
  const done = kek.under_active === kek.data_keys;
  return (
    <Section title="Key-encryption key">
      <Facts>
        <Fact name="In use">
          <Code>{kek.active}</Code>
        </Fact>
        <Fact name="Also there">{kek.others.join(", ") || "none"}</Fact>
        <Fact name="Rotation">
          {done
            ? `Done: all ${plural(kek.data_keys, "data key")} are under it.`
            : `${count(kek.under_active)} of ${plural(kek.data_keys, "data key")} are under it.`}
        </Fact>
      </Facts>
      {!done && (
        <>
          <Progress
            value={(100 * kek.under_active) / kek.data_keys}
            color="var(--ok-line-strong)"
            aria-label="Rotation"
          />
          <Text size="sm">
            Go on with <Code>ownkey vault rotate</Code>. Until it is done, keep the older key.
          </Text>
        </>
      )}
    </Section>
  );
}

const databases: Record<string, string> = { sqlite: "SQLite", postgres: "PostgreSQL" };

function Installation({ health: { version, database, queue } }: { health: Health }) {
  return (
    <Section title="This installation">
      <Facts>
        <Fact name="Version">{version}</Fact>
        <Fact name="Database">
          {databases[database.kind] ?? database.kind}, {database.answers ? "answers" : "does not answer"}
        </Fact>
        {queue && (
          <Fact name="Queue">
            {queue.waiting_bytes === 0
              ? "Empty: every receipt is in the database."
              : `${bytes(queue.waiting_bytes)} of receipts wait, of ${bytes(queue.most_bytes)} at most.`}
          </Fact>
        )}
        {queue && queue.set_aside > 0 && (
          <Fact name="Set aside">{`${plural(queue.set_aside, "receipt")} the database refused: see set-aside.jsonl beside the journal.`}</Fact>
        )}
      </Facts>
    </Section>
  );
}

function Nodes({ nodes }: { nodes: Health["nodes"] }) {
  return (
    <Section title="Nodes">
      <Stack gap="xs">
        {nodes.map(({ id, alive, this: here, seen_at }) => (
          <Group key={id} gap="xs">
            <StateBadge
              tone={alive ? "ok" : "neutral"}
              Icon={alive ? IconCheck : IconCircleOff}
              word={alive ? "Alive" : "Gone"}
            />
            <CopyText value={id} shown={`node_…${id.slice(-NODE_SHOWN)}`} label="Copy the node's id" />
            <Text size="sm" c="dimmed">
              seen <Time at={seen_at} />
              {here && ", answered this page"}
            </Text>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="lg" component="section" aria-label={title}>
      <Stack gap="md">
        <Title order={2} size="h3">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}

function useProviderName(): (id: string) => string {
  const providers = useQuery(providersQuery);
  return (id) => providers.data?.find((provider: Provider) => provider.id === id)?.name ?? id;
}
