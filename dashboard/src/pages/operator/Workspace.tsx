import { Anchor, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { Workspace as WorkspaceData } from "../../api/client";
import { creditsQuery } from "../../api/money";
import { everyPlanQuery, keysQuery, providersQuery } from "../../api/queries";
import { credits } from "../../format/amount";
import { workspaceQuery } from "../../frame/here";
import { CopyText } from "../../ui/CopyText";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import { look } from "../ai-providers/state";
import { endOf } from "./apart";
import { GrantDialog } from "./GrantDialog";
import { PlanDialog } from "./PlanDialog";

/** One workspace as its operator sees it: its plan, who pays, its credits, and the way into its own pages. */
export function Workspace() {
  const { ws } = useParams({ from: "/signed-in/operator/workspaces/$ws" });
  const workspace = useQuery(workspaceQuery(ws));
  return (
    <Page
      title={workspace.data?.name ?? "Workspace"}
      purpose="Its plan, who pays for its calls, and its credits."
      within="Operator"
      action={
        <Button variant="default" renderRoot={(props) => <Link to="/w/$ws" params={{ ws }} search={{}} {...props} />}>
          Open its pages
        </Button>
      }
    >
      <Loaded query={workspace} heights={[200, 200]}>
        {(workspace) => <Detail workspace={workspace} />}
      </Loaded>
    </Page>
  );
}

function Detail({ workspace }: { workspace: WorkspaceData }) {
  const search = useSearch({ from: "/signed-in/operator/workspaces/$ws" });
  const navigate = useNavigate();
  const close = () => void navigate({ to: ".", search: {} });
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Plan workspace={workspace} onChange={() => void navigate({ to: ".", search: { change: "plan" } })} />
        <Credits ws={workspace.id} onGrant={() => void navigate({ to: ".", search: { change: "grant" } })} />
        <Payers ws={workspace.id} />
        <About workspace={workspace} />
      </SimpleGrid>
      <PlanDialog workspace={workspace} opened={search.change === "plan"} onClose={close} />
      <GrantDialog workspace={workspace} opened={search.change === "grant"} onClose={close} />
    </>
  );
}

function Plan({ workspace, onChange }: { workspace: WorkspaceData; onChange: () => void }) {
  const plans = useQuery(everyPlanQuery);
  const plan = plans.data?.find(({ id }) => id === workspace.plan);
  return (
    <Paper withBorder p="lg" component="section" aria-label="Plan">
      <Stack gap="md" align="flex-start">
        <Title order={2} size="h3">
          Plan
        </Title>
        <Text size="xl" fw={600}>
          {plan?.name ?? workspace.plan}
        </Text>
        {plans.data && !plan && (
          <Text size="sm">This plan is not in the configuration any more, so it includes nothing.</Text>
        )}
        {plan && (
          <Text size="sm" c="dimmed">
            {plan.byok ? "Has own keys." : "Has no own keys."} Managed access:{" "}
            {plan.managed === "credits" ? "costs credits" : plan.managed}.
          </Text>
        )}
        <Button variant="default" onClick={onChange}>
          Change plan
        </Button>
      </Stack>
    </Paper>
  );
}

function Credits({ ws, onGrant }: { ws: string; onGrant: () => void }) {
  const balance = useQuery(creditsQuery(ws));
  return (
    <Paper withBorder p="lg" component="section" aria-label="Credits">
      <Stack gap="md" align="flex-start">
        <Title order={2} size="h3">
          Credits
        </Title>
        <Loaded query={balance} heights={[60]}>
          {({ balance, held }) => (
            <>
              <Text size="xl" fw={600}>
                {credits(balance)} credits
              </Text>
              <Text size="sm" c="dimmed">
                {credits(held)} held for running calls.
              </Text>
            </>
          )}
        </Loaded>
        <Group gap="md">
          <Button onClick={onGrant}>Grant credits</Button>
          <Anchor
            size="sm"
            renderRoot={(props) => <Link to="/operator/grants" search={{ workspace: ws }} {...props} />}
          >
            Its grants
          </Anchor>
        </Group>
      </Stack>
    </Paper>
  );
}

function Payers({ ws }: { ws: string }) {
  const keys = useQuery(keysQuery(ws));
  const providers = useQuery(providersQuery);
  return (
    <Paper withBorder p="lg" component="section" aria-label="Who pays">
      <Stack gap="md">
        <Title order={2} size="h3">
          Who pays
        </Title>
        <Loaded query={keys} heights={[80]}>
          {(keys) =>
            keys.map((key) => {
              const { tone, Icon, word } = look(key);
              return (
                <Group key={key.provider} justify="space-between">
                  <Text size="sm">{providers.data?.find(({ id }) => id === key.provider)?.name ?? key.provider}</Text>
                  <Group gap="xs">
                    <StateBadge tone={tone} Icon={Icon} word={word} />
                    <PayerBadge payer={payerKind(key.payer_now.payer)} />
                  </Group>
                </Group>
              );
            })
          }
        </Loaded>
      </Stack>
    </Paper>
  );
}

function About({ workspace: { id, external_id, features, created_at, period_anchor } }: { workspace: WorkspaceData }) {
  return (
    <Paper withBorder p="lg" component="section" aria-label="About this workspace">
      <Stack gap="md">
        <Title order={2} size="h3">
          About this workspace
        </Title>
        <Facts>
          <Fact name="Id">
            <CopyText value={id} shown={endOf(id)} label="Copy the id" />
          </Fact>
          <Fact name="Your own id">{external_id ?? "none given"}</Fact>
          <Fact name="Features">{features.join(", ") || "those of its plan"}</Fact>
          <Fact name="Periods begin">{period_anchor ? <Time at={period_anchor} /> : "with the calendar's months"}</Fact>
          <Fact name="Created">
            <Time at={created_at} />
          </Fact>
        </Facts>
      </Stack>
    </Paper>
  );
}
