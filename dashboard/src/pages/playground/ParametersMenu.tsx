import { Button, NumberInput, Popover, Stack, Textarea } from "@mantine/core";
import { IconAdjustments } from "@tabler/icons-react";
import type { Model } from "../../api/client";
import type { Parameters } from "./request";

const TEMPERATURE_MAX: Record<string, number> = { anthropic: 1 };

interface Props {
  parameters: Parameters;
  model: Model | undefined;
  onChange: (parameters: Parameters) => void;
}

/** What goes along with each call. */
export function ParametersMenu({ parameters, model, onChange }: Props) {
  const set = (change: Partial<Parameters>) => onChange({ ...parameters, ...change });
  const count = [parameters.maxTokens, parameters.temperature, parameters.system.trim() || null];
  const isSet = count.filter((one) => one !== null).length;
  return (
    <Popover width={320} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconAdjustments size={16} stroke={1.75} aria-hidden />}>
          {isSet > 0 ? `Parameters (${isSet})` : "Parameters"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <NumberInput
            label="Maximum tokens"
            placeholder="2,048"
            min={1}
            max={model?.output_tokens ?? undefined}
            allowDecimal={false}
            value={parameters.maxTokens ?? ""}
            onChange={(value) => set({ maxTokens: typeof value === "number" ? value : null })}
          />
          <NumberInput
            label="Temperature"
            description="Left to the model if empty; some models take none and refuse the call."
            min={0}
            max={TEMPERATURE_MAX[model?.provider ?? ""] ?? 2}
            step={0.1}
            decimalScale={2}
            value={parameters.temperature ?? ""}
            onChange={(value) => set({ temperature: typeof value === "number" ? value : null })}
          />
          <Textarea
            label="System text"
            value={parameters.system}
            onChange={(event) => set({ system: event.currentTarget.value })}
            autosize
            minRows={2}
            maxRows={6}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
