import { Anchor, Button, Group, Paper, Select, Stack, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { grantsQuery } from "../../api/operator";
import { workspacesQuery } from "../../api/queries";
import { credits } from "../../format/amount";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Item, Items } from "../../ui/Items";
import { Loaded } from "../../ui/Loaded";
import { LoadMore } from "../../ui/LoadMore";
import { Page } from "../../ui/Page";
import { Time } from "../../ui/Time";
import { useNarrow } from "../../ui/useNarrow";
import { apart } from "./apart";
import { GrantDialog } from "./GrantDialog";

const states = [
  { value: "active", label: "Something left" },
  { value: "spent", label: "Spent" },
  { value: "expired", label: "Expired" },
];
const WIDTH = { base: "100%", xs: 220 };

export function Grants() {
  const { new: isNew, ...filter } = useSearch({ from: "/signed-in/operator/grants" });
  const navigate = useNavigate();
  const grants = useInfiniteQuery(grantsQuery(filter));
  const workspaces = useInfiniteQuery(workspacesQuery);
  const set = (change: typeof filter) =>
    void navigate({ to: ".", search: (was) => ({ ...was, ...change }), replace: true });
  const filtered = Boolean(filter.workspace ?? filter.state);
  const names = workspaces.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Page
      title="Grants"
      purpose="Credits you gave, to whom and why."
      within="Operator"
      action={
        <ChangeButton
          leftSection={<IconPlus size={16} stroke={1.75} />}
          w={{ base: "100%", xs: "auto" }}
          onClick={() => void navigate({ to: ".", search: { ...filter, new: true } })}
        >
          Grant credits
        </ChangeButton>
      }
    >
      <Group gap="sm" align="flex-end">
        <Select
          w={WIDTH}
          label="Workspace"
          placeholder="All"
          data={apart(names)}
          value={filter.workspace ?? null}
          clearable
          searchable
          onChange={(workspace) => set({ workspace: workspace ?? undefined })}
        />
        <Select
          w={WIDTH}
          label="State"
          placeholder="Any"
          data={states}
          value={filter.state ?? null}
          clearable
          onChange={(state) => set({ state: state ?? undefined })}
        />
        {filtered && (
          <Button variant="default" onClick={() => void navigate({ to: ".", search: {} })}>
            Clear all
          </Button>
        )}
      </Group>
      <Loaded query={grants} heights={[320]}>
        {({ pages }) => {
          const all = pages.flatMap(({ data }) => data);
          if (all.length === 0) {
            return filtered ? (
              <Empty title="No grants match">Remove a filter to see more.</Empty>
            ) : (
              <Empty title="No credits granted yet">Grant some to a workspace.</Empty>
            );
          }
          return (
            <Stack gap="md">
              <List grants={all} />
              <LoadMore of={grants} />
            </Stack>
          );
        }}
      </Loaded>
      <NewGrant
        opened={isNew === true}
        names={names}
        chosen={names.find(({ id }) => id === filter.workspace)}
        onChoose={(workspace) => set({ workspace })}
        onClose={() => void navigate({ to: ".", search: filter })}
      />
    </Page>
  );
}

interface NewGrantProps {
  opened: boolean;
  names: readonly Schemas["Workspace"][];
  chosen: { id: string; name: string } | undefined;
  onChoose: (workspace: string) => void;
  onClose: () => void;
}

/** First to whom, then what. */
function NewGrant({ opened, names, chosen, onChoose, onClose }: NewGrantProps) {
  if (chosen) return <GrantDialog workspace={chosen} opened={opened} onClose={onClose} />;
  return (
    <Dialog opened={opened} onClose={onClose} title="Grant credits" size={520}>
      <Select
        label="Workspace"
        data={apart(names)}
        searchable
        data-autofocus
        onChange={(workspace) => workspace && onChoose(workspace)}
      />
    </Dialog>
  );
}

function List({ grants }: { grants: readonly Schemas["OperatorGrant"][] }) {
  if (useNarrow()) return <AsItems grants={grants} />;
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={760}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Workspace</Table.Th>
              <Table.Th ta="right">Credits</Table.Th>
              <Table.Th ta="right">Left</Table.Th>
              <Table.Th>Reason</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Expires</Table.Th>
              <Table.Th>Given</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {grants.map((grant) => (
              <Table.Tr key={grant.id}>
                <Table.Td>
                  <WorkspaceLink grant={grant} />
                </Table.Td>
                <Table.Td ta="right">{credits(grant.credits)}</Table.Td>
                <Table.Td ta="right">{credits(grant.balance)}</Table.Td>
                <Table.Td>
                  <Text size="sm" lineClamp={2}>
                    {grant.reason}
                  </Text>
                </Table.Td>
                <Table.Td>{stateOf(grant)}</Table.Td>
                <Table.Td>{grant.expires_at ? <Time at={grant.expires_at} /> : "never"}</Table.Td>
                <Table.Td>
                  <Time at={grant.created_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function AsItems({ grants }: { grants: readonly Schemas["OperatorGrant"][] }) {
  return (
    <Items label="Grants">
      {grants.map((grant) => (
        <Item
          key={grant.id}
          title={<WorkspaceLink grant={grant} />}
          mark={`${credits(grant.balance)} of ${credits(grant.credits)} left`}
          detail={grant.reason}
          amount={stateOf(grant)}
        />
      ))}
    </Items>
  );
}

function WorkspaceLink({ grant: { workspace, workspace_name } }: { grant: Schemas["OperatorGrant"] }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link to="/operator/workspaces/$ws" params={{ ws: workspace }} search={{}} {...props} />}
    >
      {workspace_name}
    </Anchor>
  );
}

function stateOf({ state }: Schemas["OperatorGrant"]): string {
  return states.find(({ value }) => value === state)?.label ?? state;
}
