import { Anchor, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { UsageRow } from "../../api/client";
import { type CallFilter, usageQuery } from "../../api/queries";
import { credits, usd } from "../../format/amount";
import { plural, tokens } from "../../format/number";
import { useHere } from "../../session/context";
import { StackedBars } from "../../ui/Bars";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Comparison } from "../billing/Comparison";
import { Calls } from "../receipts/Calls";
import { byPayer, finding, formatOf, type Measure, tickOf, totals } from "./chart";
import { ExportMenu } from "./ExportMenu";
import { FilterBar } from "./FilterBar";
import { filterOf, filtersSet } from "./filter";
import { GroupsTable, groupings } from "./GroupsTable";
import { RangeChoice } from "./RangeChoice";
import type { Span } from "./range";
import { useRange } from "./useRange";

const measures: { value: Measure; label: string }[] = [
  { value: "cost", label: "Cost" },
  { value: "calls", label: "Calls" },
  { value: "tokens", label: "Tokens" },
  { value: "errors", label: "Errors" },
];

export function Usage() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/usage" });
  const navigate = useNavigate();
  const by = groupings.some(({ value }) => value === search.by) ? (search.by ?? "model") : "model";
  const time = useRange(search.range);
  const filter = filterOf(search);
  const set = (change: typeof search) => void navigate({ to: ".", search: { ...search, ...change }, replace: true });
  const { range: _range, by: _by, show: _show, sort: _sort, ...only } = search;
  const clear = () => void navigate({ to: ".", search: { range: search.range, by: search.by, sort: search.sort } });
  const over = useQuery(usageQuery(here.id, { ...time, ...filter, by: time.step }));
  const own = usePaidBy("byok", { ...time, step: by }, filter);
  const groups = useQuery(usageQuery(here.id, { ...time, ...filter, by }));
  return (
    <Page title="Usage" purpose="Every call and what it cost, cut any way you like." within={here.name}>
      <RangeChoice text={search.range} onChange={(range) => set({ range })} />
      <FilterBar search={search} onChange={set} onClear={clear} />
      <Loaded query={over} heights={[24, 340]}>
        {({ data }) =>
          data.length === 0 ? (
            <NoCalls filtered={filtersSet(search) > 0} />
          ) : (
            <OverTime rows={data} time={time} filter={filter} show={search.show} onShow={(show) => set({ show })} />
          )
        }
      </Loaded>
      {over.data && over.data.data.length > 0 && (
        <>
          <Stack gap="sm">
            <SegmentedControl
              aria-label="Group by"
              data={[...groupings]}
              value={by}
              onChange={(by) => set({ by })}
              style={{ alignSelf: "flex-start", maxWidth: "100%", overflowX: "auto" }}
            />
            <Loaded query={groups} heights={[240]}>
              {({ data, group_by }) => (
                <GroupsTable rows={data} own={own} by={group_by} sort={search.sort} onSort={(sort) => set({ sort })} />
              )}
            </Loaded>
          </Stack>
          {filtersSet(search) === 0 && <Comparison during={time} when="these calls" />}
          <Stack gap="sm">
            <Group justify="space-between">
              <Title order={2} size="h3">
                Calls
              </Title>
              <Group gap="md">
                <Anchor
                  size="sm"
                  renderRoot={(props) => (
                    <Link
                      to="/w/$ws/receipts"
                      params={{ ws: here.id }}
                      search={{ ...only, range: search.range }}
                      {...props}
                    />
                  )}
                >
                  In Receipts
                </Anchor>
                <ExportMenu filter={{ ...filter, from: time.from, to: time.to }} calls={totals(over.data.data).calls} />
              </Group>
            </Group>
            <Calls filter={{ ...filter, from: time.from, to: time.to }} none={<NoCalls filtered />} />
          </Stack>
        </>
      )}
    </Page>
  );
}

function NoCalls({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No calls match">Remove the last filter.</Empty>;
  return <Empty title="No calls in this time">The first one appears here within a second.</Empty>;
}

interface OverTimeProps {
  rows: readonly UsageRow[];
  time: Span;
  filter: CallFilter;
  show: string | undefined;
  onShow: (show: string) => void;
}

function OverTime({ rows, time, filter, show, onShow }: OverTimeProps) {
  const measure = measures.find(({ value }) => value === show) ?? measures[0];
  const [own, managed] = [usePaidBy("byok", time, filter), usePaidBy("managed", time, filter)];
  const [all, ofOwn, ofManaged] = [totals(rows), totals(own), totals(managed)];
  const line = [
    plural(all.calls, "call"),
    `${tokens(all.tokens)} tokens`,
    `${usd(ofOwn.cost)} at your providers`,
    `${credits(all.credits)} credits`,
    all.unpriced > 0 ? `${plural(all.unpriced, "call")} of unknown cost` : null,
  ];
  if (!measure) return null;
  return (
    <Stack gap="md">
      <Text fw={500}>{line.filter(Boolean).join(" · ")}</Text>
      <SegmentedControl
        aria-label="What the chart shows"
        data={measures}
        value={measure.value}
        onChange={onShow}
        style={{ alignSelf: "flex-start" }}
      />
      <StackedBars
        title={`${measure.label} by ${time.step} and payer`}
        finding={finding(measure.value, { all, own: ofOwn, managed: ofManaged })}
        format={formatOf(measure.value)}
        tick={tickOf(measure.value)}
        {...byPayer({ all: rows, own, managed }, measure.value, time)}
      />
    </Stack>
  );
}

/** The same time and filter, of one payer; nothing where the filter names the other. */
function usePaidBy(
  payer: string,
  time: Omit<Span, "step"> & { step: string },
  filter: CallFilter,
): readonly UsageRow[] {
  const here = useHere();
  const isAsked = !filter.payer || filter.payer === payer;
  const rows = useQuery({ ...usageQuery(here.id, { ...time, ...filter, payer, by: time.step }), enabled: isAsked });
  return (isAsked && rows.data?.data) || [];
}
