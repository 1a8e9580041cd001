import { Group, SegmentedControl, Text } from "@mantine/core";
import { ranges } from "./range";

/** Which time to show. Days are UTC, as in statements and budgets. */
export function RangeChoice({ range, onChange }: { range: string; onChange: (range: string) => void }) {
  return (
    <Group gap="sm">
      <SegmentedControl aria-label="Time range" data={[...ranges]} value={range} onChange={onChange} />
      <Text size="xs" c="dimmed">
        Days are UTC
      </Text>
    </Group>
  );
}
