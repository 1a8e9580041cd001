import { Group, Paper, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Agent, api, type Model } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { agentsQuery, modelsQuery } from "../../api/queries";
import { usdPerMillion } from "../../format/amount";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { CopyText } from "../../ui/CopyText";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loaded } from "../../ui/Loaded";
import { ModelOption, useModelOptions } from "../../ui/ModelOption";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { sayWithUndo } from "../../ui/Undo";

const WRITE = "PUT /api/v1/workspaces/{ws}/agents/{name}" as const;

export function Agents() {
  const here = useHere();
  const agents = useQuery(agentsQuery(here.id));
  const models = useQuery(modelsQuery(here.id));
  const denied = useDenied(here.may(WRITE), "admin", "Only admins can change an agent's model.");
  return (
    <Page title="Agents" purpose="Which model each agent uses." within={here.name}>
      {denied && <Denied>{denied}</Denied>}
      <Loaded query={models} heights={[180]}>
        {(models) => (
          <Loaded query={agents} heights={[180]}>
            {(agents) => (
              <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
                {agents.map((agent) => (
                  <AgentCard key={`${agent.name} ${agent.model}`} agent={agent} models={models} />
                ))}
              </SimpleGrid>
            )}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

function AgentCard({ agent, models }: { agent: Agent; models: readonly Model[] }) {
  const here = useHere();
  const queries = useQueryClient();
  const [model, setModel] = useState(agent.model ?? null);
  const options = useModelOptions(models.filter(({ mode }) => mode === "chat" || mode === "responses"));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const mayWrite = here.may(WRITE);
  const path = { ws: here.id, name: agent.name };

  const refresh = () => queries.invalidateQueries(agentsQuery(here.id));

  async function change(doing: () => Promise<unknown>, said: string) {
    setBusy(true);
    setError(null);
    try {
      await doing();
      sayWithUndo(said, () => void undo());
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await refresh();
  }

  /** Back to what this card showed before the change. */
  async function undo() {
    try {
      await (agent.is_default || !agent.model ? reset() : put(agent.model));
      notifications.show({ message: `agent/${agent.name} is as it was.` });
    } catch (failure) {
      const said = failure instanceof Failure ? failure.problem.detail : "It could not be taken back.";
      notifications.show({ message: said, color: "red" });
    }
    await refresh();
  }

  const put = (model: string) =>
    answered(api.PUT("/api/v1/workspaces/{ws}/agents/{name}", { params: { path }, body: { model } }));
  const reset = () => answered(api.DELETE("/api/v1/workspaces/{ws}/agents/{name}", { params: { path } }));

  return (
    <Paper withBorder p="lg" component="section" aria-label={agent.name}>
      <Stack gap="md">
        <Group justify="space-between">
          <Title order={2} size="h3">
            {agent.name}
          </Title>
          <CopyText value={`agent/${agent.name}`} label="Copy the name to call it by" />
        </Group>
        <Select
          label="Model"
          data={options}
          renderOption={({ option }) => {
            const found = models.find(({ id }) => id === option.value);
            return found && <ModelOption model={found} />;
          }}
          maxDropdownHeight={360}
          value={model}
          onChange={setModel}
          allowDeselect={false}
          searchable
          readOnly={!mayWrite}
          description={agent.is_default ? "The default; nobody has chosen one." : undefined}
        />
        <Paying model={models.find(({ id }) => id === model)} />
        {error !== null && <FailurePanel error={error} />}
        <Group gap="sm">
          {model && model !== agent.model && (
            <ChangeButton
              loading={busy}
              onClick={() => void change(() => put(model), `agent/${agent.name} uses ${model} from the next call on.`)}
            >
              Save
            </ChangeButton>
          )}
          {!agent.is_default && mayWrite && (
            <ChangeButton
              variant="default"
              loading={busy}
              onClick={() => void change(reset, `agent/${agent.name} uses the default again.`)}
            >
              Use the default
            </ChangeButton>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

/** Who would pay for the model, before it is chosen for good. */
function Paying({ model }: { model: Model | undefined }) {
  if (!model) return <Text size="sm">No model can be used now.</Text>;
  const price = model.prices_usd.standard;
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <PayerBadge payer={payerKind(model.payer_now.payer)} />
        {model.payer_now.reason && <Text size="sm">Calls fail: {model.payer_now.reason.message}.</Text>}
      </Group>
      {price?.input && price.output && (
        <Text size="sm" c="dimmed">
          {usdPerMillion(price.input)} in, {usdPerMillion(price.output)} out, per million tokens at list price
        </Text>
      )}
    </Stack>
  );
}
