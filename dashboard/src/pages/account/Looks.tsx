import { Paper, SegmentedControl, Select, Stack, Text, Title, useMantineColorScheme } from "@mantine/core";
import type { ReactNode } from "react";
import { type Preferences, prefer, usePreferences } from "../../theme/preferences";

type Scheme = "light" | "dark" | "auto";

const schemes = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] satisfies { value: Scheme; label: string }[];

const densities = [
  { value: "comfortable", label: "Comfortable" },
  { value: "compact", label: "Compact" },
] satisfies { value: Preferences["density"]; label: string }[];

const motions = [
  { value: "system", label: "As the system" },
  { value: "reduced", label: "Reduced" },
] satisfies { value: Preferences["motion"]; label: string }[];

const BROWSERS = "browser";
const ZONES_SHOWN = 50;

/** How pages look in this browser. */
export function Looks() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { density, zone, motion } = usePreferences();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
  return (
    <Paper withBorder p="lg" component="section" aria-label="How pages look">
      <Stack gap="md" align="flex-start">
        <Title order={2} size="h3">
          How pages look
        </Title>
        <Text size="sm" c="dimmed">
          In this browser only.
        </Text>
        <Choice label="Theme">
          <SegmentedControl aria-label="Theme" data={schemes} value={colorScheme} onChange={setColorScheme} />
        </Choice>
        <Choice label="Density of tables">
          <SegmentedControl
            aria-label="Density of tables"
            data={densities}
            value={density}
            onChange={(density) => prefer({ density })}
          />
        </Choice>
        <Choice label="Motion">
          <SegmentedControl
            aria-label="Motion"
            data={motions}
            value={motion}
            onChange={(motion) => prefer({ motion })}
          />
        </Choice>
        <Select
          label="Time zone"
          description="Days of statements, budgets and usage are UTC whatever is chosen."
          data={[{ value: BROWSERS, label: `The browser's (${own})` }, ...zones]}
          value={zone || BROWSERS}
          onChange={(name) => prefer({ zone: name === BROWSERS ? "" : (name ?? "") })}
          allowDeselect={false}
          searchable
          limit={ZONES_SHOWN}
          w={{ base: "100%", xs: 340 }}
        />
      </Stack>
    </Paper>
  );
}

function Choice({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500} aria-hidden>
        {label}
      </Text>
      {children}
    </Stack>
  );
}
