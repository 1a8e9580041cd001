import { Anchor, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { UsageRow } from "../../api/client";
import { usageQuery } from "../../api/queries";
import { credits, usd } from "../../format/amount";
import { plural } from "../../format/number";
import { useHere } from "../../session/context";
import { Bars } from "../../ui/Bars";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { bars, formatOf, type Measure, totals } from "./chart";
import { GroupsTable, groupings } from "./GroupsTable";
import { RangeChoice } from "./RangeChoice";
import { rangeOf, span } from "./range";

const measures: { value: Measure; label: string }[] = [
  { value: "cost", label: "Cost" },
  { value: "calls", label: "Calls" },
  { value: "errors", label: "Errors" },
];

export function Usage() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/usage" });
  const navigate = useNavigate();
  const range = rangeOf(search.range);
  const by = groupings.some(({ value }) => value === search.by) ? (search.by ?? "model") : "model";
  const time = useMemo(() => span(range, new Date()), [range]);
  const set = (change: typeof search) => void navigate({ to: ".", search: { ...search, ...change }, replace: true });
  const over = useQuery(usageQuery(here.id, { ...time, by: time.step }));
  const groups = useQuery(usageQuery(here.id, { ...time, by }));
  return (
    <Page title="Usage" purpose="Every call and what it cost, cut any way you like." within={here.name}>
      <RangeChoice range={range} onChange={(range) => set({ range })} />
      <Loaded query={over} heights={[24, 340]}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No calls in this time">The first one appears here within a second.</Empty>
          ) : (
            <OverTime rows={data} time={time} />
          )
        }
      </Loaded>
      {over.data && over.data.data.length > 0 && (
        <Stack gap="sm">
          <Group gap="sm">
            <SegmentedControl aria-label="Group by" data={[...groupings]} value={by} onChange={(by) => set({ by })} />
            <Anchor
              size="sm"
              renderRoot={(props) => <Link to="/w/$ws/receipts" params={{ ws: here.id }} search={{}} {...props} />}
            >
              All calls
            </Anchor>
          </Group>
          <Loaded query={groups} heights={[240]}>
            {({ data, group_by }) => <GroupsTable rows={data} by={group_by} />}
          </Loaded>
        </Stack>
      )}
    </Page>
  );
}

function OverTime({ rows, time }: { rows: readonly UsageRow[]; time: ReturnType<typeof span> }) {
  const [measure, setMeasure] = useState<Measure>("cost");
  const all = totals(rows);
  const line = [
    plural(all.calls, "call"),
    `${usd(all.cost)} at list price`,
    `${credits(all.credits)} credits`,
    all.unpriced > 0 ? `${plural(all.unpriced, "call")} of unknown cost` : null,
  ];
  return (
    <Stack gap="md">
      <Text fw={500}>{line.filter(Boolean).join(" · ")}</Text>
      <SegmentedControl
        aria-label="What the chart shows"
        data={measures}
        value={measure}
        onChange={(value) => setMeasure(value as Measure)}
        style={{ alignSelf: "flex-start" }}
      />
      <Bars
        title={`${measures.find(({ value }) => value === measure)?.label} by ${time.step}`}
        finding={`${plural(all.calls, "call")}, ${plural(all.errors, "error")}, ${usd(all.cost)} at list price in this time.`}
        bars={bars(rows, measure, time)}
        format={formatOf(measure)}
      />
    </Stack>
  );
}
