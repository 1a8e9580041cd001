import { Select } from "@mantine/core";
import type { Agent, Model } from "../../api/client";
import { ModelOption, useModelOptions } from "../../ui/ModelOption";
import { useNarrow } from "../../ui/useNarrow";

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
  const options = useModelOptions(models);
  const narrow = useNarrow();
  return (
    <>
      <Select
        label="Model"
        data={options}
        renderOption={({ option }) => {
          const found = models.find(({ id }) => id === option.value);
          return found && <ModelOption model={found} />;
        }}
        comboboxProps={{ width: narrow ? "target" : 480, position: "bottom-start" }}
        maxDropdownHeight={360}
        value={model?.id ?? null}
        onChange={(id) => id && onModel(id)}
        allowDeselect={false}
        searchable
        limit={SHOWN}
        nothingFoundMessage="No model by this name"
        w={{ base: "100%", xs: "auto" }}
        flex={{ xs: "1 1 200px" }}
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
        w={{ base: "100%", xs: "auto" }}
        flex={{ xs: "1 1 150px" }}
      />
    </>
  );
}
