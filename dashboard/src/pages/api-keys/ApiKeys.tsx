import { Anchor, Badge, Code, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { ApiKey } from "../../api/client";
import { apiKeysQuery, usageQuery } from "../../api/queries";
import { useHere, useProduct } from "../../session/context";
import { useDenied } from "../../session/denied";
import { Actor } from "../../ui/Actor";
import { ChangeButton } from "../../ui/ChangeButton";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Time, useNow } from "../../ui/Time";
import { Usd } from "../../ui/Usd";
import { useRange } from "../usage/useRange";
import { CreateDialog } from "./CreateDialog";
import { RevokeDialog } from "./RevokeDialog";

const CREATE = "POST /api/v1/workspaces/{ws}/api-keys" as const;
const SCOPES_SHOWN = 2;
const SOON_MS = 7 * 86_400_000;

export function ApiKeys() {
  const here = useHere();
  const product = useProduct();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/api-keys" });
  const navigate = useNavigate();
  const keys = useQuery(apiKeysQuery(here.id));
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const mayCreate = here.may(CREATE);
  const denied = useDenied(mayCreate, "member", "Viewers can't create API keys.");
  const button = (
    <ChangeButton
      leftSection={<IconPlus size={16} stroke={1.75} />}
      denied={denied}
      onClick={() => void navigate({ to: ".", search: { new: true } })}
    >
      Create API key
    </ChangeButton>
  );
  return (
    <Page
      title="API keys"
      purpose={`Keys your apps, agents and CI use to call ${product}.`}
      within={here.name}
      action={button}
    >
      <Text size="sm">
        Looking for your Anthropic or OpenAI key? That's under{" "}
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link to="/w/$ws/settings/integrations/ai-providers" params={{ ws: here.id }} search={{}} {...props} />
          )}
        >
          AI Providers
        </Anchor>
        .
      </Text>
      {denied && <Denied>{denied}</Denied>}
      <Loaded query={keys} heights={[280]}>
        {(keys) => {
          const live = keys.filter(({ revoked_at }) => !revoked_at);
          if (live.length === 0) {
            return (
              <Empty title="No keys yet" action={button}>
                One key per app is a good habit.
              </Empty>
            );
          }
          return <Keys keys={live} onRevoke={setRevoking} />;
        }}
      </Loaded>
      <CreateDialog opened={search.new === true && mayCreate} onClose={() => void navigate({ to: ".", search: {} })} />
      <RevokeDialog apiKey={revoking} onClose={() => setRevoking(null)} />
    </Page>
  );
}

interface ListProps {
  keys: readonly ApiKey[];
  onRevoke: (key: ApiKey) => void;
}

function Keys({ keys, onRevoke }: ListProps) {
  const others = useDenied(
    keys.every(({ may_revoke }) => may_revoke),
    "admin",
    useOthersKeys(),
  );
  return (
    <>
      {others && <Denied>{others}</Denied>}
      <List keys={keys} onRevoke={onRevoke} />
    </>
  );
}

function List({ keys, onRevoke }: ListProps) {
  const narrow = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  if (narrow) return <Items keys={keys} onRevoke={onRevoke} />;
  return (
    <Paper withBorder>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>May</Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th>Last used</Table.Th>
            <Table.Th ta="right">This month</Table.Th>
            <Table.Th>Expires</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Td fw={500}>{key.name}</Table.Td>
              <Table.Td>
                <Code>{key.hint}</Code>
              </Table.Td>
              <Table.Td>
                <Scopes scopes={key.scopes} />
              </Table.Td>
              <Table.Td>
                <Time at={key.created_at} /> by <Actor id={key.created_by} />
              </Table.Td>
              <Table.Td>{key.last_used_at ? <Time at={key.last_used_at} /> : "never"}</Table.Td>
              <Table.Td ta="right">
                <Spent apiKey={key} />
              </Table.Td>
              <Table.Td>
                <Expiry at={key.expires_at} />
              </Table.Td>
              <Table.Td ta="right">
                <Revoke apiKey={key} onRevoke={onRevoke} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Items({ keys, onRevoke }: ListProps) {
  return (
    <Stack gap="sm">
      {keys.map((key) => (
        <Paper key={key.id} withBorder p="md">
          <Group justify="space-between" wrap="nowrap">
            <Text fw={500} truncate>
              {key.name}
            </Text>
            <Revoke apiKey={key} onRevoke={onRevoke} />
          </Group>
          <Facts>
            <Fact name="Key">
              <Code>{key.hint}</Code>
            </Fact>
            <Fact name="May">
              <Scopes scopes={key.scopes} />
            </Fact>
            <Fact name="Last used">{key.last_used_at ? <Time at={key.last_used_at} /> : "never"}</Fact>
            <Fact name="This month">
              <Spent apiKey={key} />
            </Fact>
            <Fact name="Expires">
              <Expiry at={key.expires_at} />
            </Fact>
          </Facts>
        </Paper>
      ))}
    </Stack>
  );
}

/** Why keys that others made are not this person's to revoke. */
function useOthersKeys(): string {
  const here = useHere();
  return here.may(CREATE) ? "You can revoke keys that you made." : "Viewers can't revoke API keys.";
}

function Revoke({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: (key: ApiKey) => void }) {
  const denied = useDenied(apiKey.may_revoke, "admin", useOthersKeys());
  return (
    <ChangeButton
      size="compact-sm"
      variant="default"
      denied={denied}
      aria-label={`Revoke ${apiKey.name}`}
      onClick={() => onRevoke(apiKey)}
    >
      Revoke
    </ChangeButton>
  );
}

function Scopes({ scopes }: { scopes: readonly string[] }) {
  const more = scopes.length - SCOPES_SHOWN;
  return (
    <Group gap={4} title={scopes.join(", ")}>
      {scopes.slice(0, SCOPES_SHOWN).map((scope) => (
        <Badge key={scope} variant="default" tt="none" fw={400}>
          {scope}
        </Badge>
      ))}
      {more > 0 && <Text size="xs">+{more}</Text>}
    </Group>
  );
}

/** What its calls of this month come to at list price, whoever pays. */
function Spent({ apiKey }: { apiKey: ApiKey }) {
  const { id } = useHere();
  const month = useQuery(usageQuery(id, { ...useRange("mtd"), by: "api_key" }));
  if (!month.data) return "…";
  return <Usd amount={month.data.data.find(({ key }) => key === apiKey.id)?.cost_usd ?? "0"} />;
}

function Expiry({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (!at) return "never";
  const soon = Date.parse(at) - now.getTime() < SOON_MS;
  return (
    <Text span size="sm" c={soon ? "var(--ok-attention)" : undefined}>
      <Time at={at} />
    </Text>
  );
}
