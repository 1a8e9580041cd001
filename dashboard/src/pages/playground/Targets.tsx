import { Select } from "@mantine/core";
import type { Agent, Model } from "../../api/client";
import { groupBy } from "../../format/group";

/** As many as a list shows of a provider at once; a search finds the others. */
export const SHOWN = 25;

interface Props {
  models: readonly Model[];
  agents: readonly Agent[];
  model: Model | undefined;
  agent: Agent | undefined;
  onModel: (id: string) => void;
  onAgent: (name: string | null) => void;
}

/** Who is asked: a model, or an agent and with it the model that it has. */
export function Targets({ models, agents, model, agent, onModel, onAgent }: Props) {
  return (
    <>
      <Select
        label="Model"
        data={options(models)}
        value={model?.id ?? null}
        onChange={(id) => id && onModel(id)}
        allowDeselect={false}
        searchable
        limit={SHOWN}
        nothingFoundMessage="No model by this name"
        w={{ base: "100%", xs: 280 }}
      />
      <Select
        label="As an agent"
        placeholder="None"
        data={agents
          .filter(({ model }) => model)
          .map(({ name, model }) => ({ value: name, label: `${name} · ${model}` }))}
        value={agent?.name ?? null}
        onChange={onAgent}
        clearable
        w={{ base: "100%", xs: 180 }}
      />
    </>
  );
}

/** By provider, those that can be called first; the others say why they can't. */
function options(models: readonly Model[]) {
  const sorted = models.toSorted((a, b) => Number(b.usable) - Number(a.usable));
  return [...groupBy(sorted, ({ provider }) => provider)].map(([group, models]) => ({
    group,
    items: models.map(({ id, usable, reason }) => ({
      value: id,
      label: usable ? id : `${id} · ${reason?.message}`,
      disabled: !usable,
    })),
  }));
}
