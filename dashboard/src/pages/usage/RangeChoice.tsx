import { Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconCalendarQuestion } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Panel } from "../../ui/Panel";
import { asDays, type Days, DEFAULT_RANGE, daysOf, type Read, ranges, readRange } from "./range";

const DAYS = "days";

interface Props {
  /** What the address says. */
  text: string | undefined;
  onChange: (range: string | undefined) => void;
  /** Whether it need not be limited at all. */
  optional?: boolean;
}

/** Which time to show: one of the usual ones, or from day to day. Days are UTC, as in statements and budgets. */
export function RangeChoice({ text, onChange, optional = false }: Props) {
  const read = readRange(text, optional ? "" : undefined);
  const range = "range" in read ? read.range : "";
  const days = daysOf(range);
  const phone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const choices = [...(optional ? [{ value: "", label: "Any time" }] : []), ...ranges, { value: DAYS, label: "Days…" }];
  const value = days ? DAYS : range;
  function choose(value: string | null) {
    if (value !== DAYS) return onChange(value || undefined);
    const { first, last } = asDays(range || DEFAULT_RANGE, new Date());
    onChange(`${first}..${last}`);
  }
  return (
    <Stack gap="xs" maw="100%">
      <Group gap="sm">
        {phone ? (
          <Select
            aria-label="Time range"
            data={choices}
            value={value}
            allowDeselect={false}
            onChange={choose}
            w="100%"
          />
        ) : (
          <SegmentedControl aria-label="Time range" data={choices} value={value} onChange={choose} />
        )}
        <Text size="xs" c="dimmed">
          Days are UTC
        </Text>
      </Group>
      {days && <DayFields days={days} onChange={onChange} />}
      <Unreadable
        text={text}
        read={read}
        instead={optional ? "Calls of any time are shown" : "The last 30 days are shown"}
      />
    </Stack>
  );
}

/** Two dates. What makes no range is said beside them and changes nothing. */
function DayFields({ days: { first, last }, onChange }: { days: Days; onChange: (range: string) => void }) {
  const [typed, setTyped] = useState({ first, last });
  useEffect(() => setTyped({ first, last }), [first, last]);
  const range = ({ first, last }: Days) => `${first}..${last}`;
  const read = readRange(range(typed));
  function type(change: Partial<Days>) {
    const days = { ...typed, ...change };
    setTyped(days);
    if ("range" in readRange(range(days))) onChange(range(days));
  }
  return (
    <Group gap="sm" align="flex-start">
      <TextInput
        type="date"
        label="From"
        value={typed.first}
        onChange={(event) => type({ first: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label="To, that day included"
        value={typed.last}
        error={"fault" in read && typed.first && typed.last ? read.fault : undefined}
        onChange={(event) => type({ last: event.currentTarget.value })}
      />
    </Group>
  );
}

function Unreadable({ text, read, instead }: { text: string | undefined; read: Read; instead: string }) {
  if ("range" in read) return null;
  return (
    <Panel tone="attention" Icon={IconCalendarQuestion} title={`“${text}” is no time range`} live>
      <Text size="sm">
        {read.fault} {instead}.
      </Text>
    </Panel>
  );
}
