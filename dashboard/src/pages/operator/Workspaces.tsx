import { Anchor, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { atAGlanceQuery } from "../../api/operator";
import { everyPlanQuery, providersQuery } from "../../api/queries";
import { credits } from "../../format/amount";
import { ChangeButton } from "../../ui/ChangeButton";
import { CopyText } from "../../ui/CopyText";
import { Empty } from "../../ui/Empty";
import { Item, Items } from "../../ui/Items";
import { Loaded } from "../../ui/Loaded";
import { LoadMore } from "../../ui/LoadMore";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind, payerWord } from "../../ui/Payer";
import { Usd } from "../../ui/Usd";
import { useNarrow } from "../../ui/useNarrow";
import { endOf } from "./apart";
import { CreateWorkspace } from "./CreateWorkspace";

export function Workspaces() {
  const search = useSearch({ from: "/signed-in/operator/workspaces" });
  const navigate = useNavigate();
  const query = useInfiniteQuery(atAGlanceQuery);
  const button = (
    <ChangeButton
      leftSection={<IconPlus size={16} stroke={1.75} />}
      onClick={() => void navigate({ to: ".", search: { new: true } })}
    >
      Create workspace
    </ChangeButton>
  );
  return (
    <Page
      title="Workspaces"
      purpose="Who uses this installation. Your product makes them by the API; here you can make one by hand."
      within="Operator"
      action={button}
    >
      <Loaded query={query} heights={[320]}>
        {({ pages }) => {
          const workspaces = pages.flatMap(({ data }) => data);
          if (workspaces.length === 0) {
            return (
              <Empty title="No workspaces yet" action={button}>
                Keys, calls and members belong to a workspace.
              </Empty>
            );
          }
          return (
            <Stack gap="md">
              <List workspaces={workspaces} />
              <LoadMore of={query} />
            </Stack>
          );
        }}
      </Loaded>
      <CreateWorkspace opened={search.new === true} onClose={() => void navigate({ to: ".", search: {} })} />
    </Page>
  );
}

function List({ workspaces }: { workspaces: readonly Schemas["WorkspaceAtAGlance"][] }) {
  const plans = useQuery(everyPlanQuery);
  const providers = useQuery(providersQuery);
  const nameOf = (id: string) => providers.data?.find((provider) => provider.id === id)?.name ?? id;
  const planOf = (id: string) => plans.data?.find((known) => known.id === id)?.name ?? id;
  if (useNarrow()) {
    return (
      <Items label="Workspaces">
        {workspaces.map((workspace) => (
          <Item
            key={workspace.id}
            title={<WorkspaceLink workspace={workspace} />}
            mark={planOf(workspace.plan)}
            more={
              <>
                {workspace.providers
                  .map(({ provider, payer_now }) => `${nameOf(provider)}: ${payerWord(payerKind(payer_now.payer))}`)
                  .join(", ")}
                <br />
                This month <Usd amount={workspace.month_own_usd} /> at its providers,{" "}
                {credits(workspace.month_credits_paid)} credits paid. {credits(workspace.balance)} left.
              </>
            }
          />
        ))}
      </Items>
    );
  }
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={860}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Plan</Table.Th>
              <Table.Th>Who pays</Table.Th>
              <Table.Th ta="right">This month</Table.Th>
              <Table.Th ta="right">Credits left</Table.Th>
              <Table.Th>Your own id</Table.Th>
              <Table.Th>Id</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {workspaces.map(
              ({ id, name, plan, external_id, providers, month_own_usd, month_credits_paid, balance }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <WorkspaceLink workspace={{ id, name }} />
                  </Table.Td>
                  <Table.Td>{planOf(plan)}</Table.Td>
                  <Table.Td>
                    <Group gap={4}>
                      {providers.map(({ provider, payer_now }) => (
                        <PayerBadge key={provider} payer={payerKind(payer_now.payer)}>
                          {`${nameOf(provider)} · ${payerWord(payerKind(payer_now.payer))}`}
                        </PayerBadge>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Usd amount={month_own_usd} /> at its providers
                    <Text size="xs" c="dimmed">
                      {credits(month_credits_paid)} credits paid
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">{credits(balance)}</Table.Td>
                  <Table.Td>{external_id ?? "none"}</Table.Td>
                  <Table.Td>
                    <CopyText value={id} shown={endOf(id)} label={`Copy the id of ${name}`} />
                  </Table.Td>
                </Table.Tr>
              ),
            )}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function WorkspaceLink({ workspace: { id, name } }: { workspace: { id: string; name: string } }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link to="/operator/workspaces/$ws" params={{ ws: id }} search={{}} {...props} />}
    >
      {name}
    </Anchor>
  );
}
