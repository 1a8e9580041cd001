import { Anchor, Grid, Group, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { overviewQuery } from "../../api/overview";
import { keysQuery, newestQuery, providersQuery, usageQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { CallsTable } from "../receipts/CallsTable";
import { RangeChoice } from "../usage/RangeChoice";
import { useRange } from "../usage/useRange";
import { Alerts } from "./Alerts";
import { FirstSteps } from "./FirstSteps";
import { KeyList } from "./KeyList";
import { payerBars } from "./payerBars";
import { SpendByPayer } from "./SpendByPayer";
import { Tiles } from "./Tiles";
import { TopModels } from "./TopModels";

const NEWEST = 5;
/** The words for error codes come with it, and most pages have none to say. */
const Failures = lazy(() => import("./Failures"));

export function Overview() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/" });
  const navigate = useNavigate();
  const time = useRange(search.range);
  const payers = useQuery(usageQuery(here.id, { ...time, by: "payer" }));
  const models = useQuery(usageQuery(here.id, { ...time, by: "model" }));
  const own = useQuery(usageQuery(here.id, { ...time, by: "model", payer: "byok" }));
  const newest = useQuery(newestQuery(here.id, NEWEST));
  // With it comes the chart's script, which nobody needs who has made no call.
  const mayHaveCalls = newest.isError || (newest.data?.length ?? 0) > 0;
  const over = useQuery({ ...overviewQuery(here.id, time), enabled: mayHaveCalls });
  const keys = useQuery(keysQuery(here.id));
  const providers = useQuery(providersQuery);
  if (newest.data?.length === 0) {
    return (
      <Page
        title="Overview"
        purpose="What your AI calls cost, who paid, and whether anything needs you. Three steps to the first answer:"
        within={here.name}
      >
        <FirstSteps keys={keys.data ?? []} />
      </Page>
    );
  }
  return (
    <Page
      title="Overview"
      purpose="What your AI calls cost, who paid, and whether anything needs you."
      within={here.name}
      action={
        <RangeChoice
          text={search.range}
          onChange={(range) => void navigate({ to: ".", search: { range }, replace: true })}
        />
      }
    >
      {keys.data && <Alerts keys={keys.data} providers={providers.data ?? []} />}
      <Loaded query={payers} heights={[160]}>
        {({ data }) => <Tiles rows={data} speed={over.data?.speed} asOf={payers.dataUpdatedAt} />}
      </Loaded>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Loaded query={over} heights={[340]}>
            {({ spend }) => <SpendByPayer bars={payerBars(spend, time)} step={time.step} />}
          </Loaded>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }} order={{ base: -1, lg: 0 }}>
          <Loaded query={keys} heights={[340]}>
            {(keys) => <KeyList keys={keys} providers={providers.data ?? []} />}
          </Loaded>
        </Grid.Col>
        {over.data && over.data.failures.length > 0 && (
          <Grid.Col span={12}>
            <Suspense>
              <Failures failures={over.data.failures} />
            </Suspense>
          </Grid.Col>
        )}
        <Grid.Col span={12}>
          <Loaded query={models} heights={[200]}>
            {({ data }) => <TopModels rows={data} own={own.data?.data ?? []} />}
          </Loaded>
        </Grid.Col>
      </Grid>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h3">
            Newest calls
          </Title>
          <Anchor
            size="sm"
            renderRoot={(props) => <Link to="/w/$ws/receipts" params={{ ws: here.id }} search={{}} {...props} />}
          >
            All receipts
          </Anchor>
        </Group>
        <Loaded query={newest} heights={[220]}>
          {(receipts) => <CallsTable receipts={receipts} />}
        </Loaded>
      </Stack>
    </Page>
  );
}
