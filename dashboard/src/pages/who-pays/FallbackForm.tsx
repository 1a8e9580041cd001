import { Checkbox, NumberInput, Paper, Stack, Switch, Text } from "@mantine/core";
import type { Policy } from "../../api/client";
import { capOf, causes } from "./consent";

type Fallback = Policy["fallback"];

interface Props {
  fallback: Fallback;
  /** What pays then: credits or the plan. */
  managed: string;
  mayWrite: boolean;
  onChange: (fallback: Fallback) => void;
  /** What is to be agreed to; null as long as something is missing. */
  consent: string | null;
  /** Whether that has to be agreed to anew, and has been. */
  agreed: boolean | null;
  onAgree: (agreed: boolean) => void;
}

const NOTHING: Fallback = { on: [], daily_cap_usd: null };
const USUAL: Fallback = { on: ["rate_limited"], daily_cap_usd: "5" };

/** When managed access may pay for a key that can't serve a call, and up to how much. */
export function FallbackForm({ fallback, managed, mayWrite, onChange, consent, agreed, onAgree }: Props) {
  const isOn = fallback.on.length > 0;
  const toggle = (cause: string, on: boolean) => {
    const others = fallback.on.filter((value) => value !== cause);
    onChange({ ...fallback, on: on ? [...others, cause].toSorted() : others });
  };
  return (
    <Paper withBorder p="md" component="section" aria-label="Fallback">
      <Stack gap="md">
        <Switch
          label={`If my key can't serve a call, ${managed} may pay instead`}
          checked={isOn}
          disabled={!mayWrite}
          onChange={(event) => onChange(event.currentTarget.checked ? USUAL : NOTHING)}
        />
        {isOn && (
          <>
            <Stack gap="sm" role="group" aria-label="In which cases">
              {causes.map(({ value, title, example }) => (
                <Checkbox
                  key={value}
                  label={title}
                  description={example}
                  checked={fallback.on.includes(value)}
                  disabled={!mayWrite}
                  onChange={(event) => toggle(value, event.currentTarget.checked)}
                />
              ))}
            </Stack>
            <NumberInput
              label="At most, per day"
              description="In USD at list price. A day is UTC's."
              prefix="$"
              min={0}
              decimalScale={2}
              allowNegative={false}
              hideControls
              w={{ base: "100%", xs: 220 }}
              value={fallback.daily_cap_usd ?? ""}
              disabled={!mayWrite}
              onChange={(cap) => onChange({ ...fallback, daily_cap_usd: String(cap) })}
              error={capOf(fallback.daily_cap_usd ?? "") ? null : "A limit above 0 is needed"}
            />
            {consent && agreed !== null && (
              <Checkbox
                label={consent}
                fw={500}
                checked={agreed}
                onChange={(event) => onAgree(event.currentTarget.checked)}
              />
            )}
            {consent && agreed === null && <Text size="sm">{consent.replace("I agree", "You agreed")}</Text>}
            <Text size="sm" c="dimmed">
              A key that is refused or can't be opened is never among them: a refused key is a decision, not an outage.
              Calls with <code>x-ownkey-fallback: never</code> never fall back.
            </Text>
          </>
        )}
      </Stack>
    </Paper>
  );
}
