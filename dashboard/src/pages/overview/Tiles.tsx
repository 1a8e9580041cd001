import { Group, Paper, Progress, SimpleGrid, Stack, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas, UsageRow } from "../../api/client";
import { creditsQuery } from "../../api/money";
import { plansQuery } from "../../api/queries";
import { credits, isZero, usd } from "../../format/amount";
import { lasts } from "../../format/credits";
import { count, duration, plural, share, wholeDuration } from "../../format/number";
import { clock } from "../../format/time";
import { useHere, useProduct } from "../../session/context";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Time } from "../../ui/Time";
import { totals } from "../usage/chart";
import classes from "./Tiles.module.css";

interface Props {
  rows: readonly UsageRow[];
  speed: Schemas["Speed"] | undefined;
  asOf: number;
}

/** What it cost and on which account, how many calls there were, how fast they were, what is left. */
export function Tiles({ rows, speed, asOf }: Props) {
  const of = (payer: string) => rows.find(({ key }) => payerKind(key) === payer);
  const [own, managed] = [of("byok"), of("managed")];
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="lg">
      <Spend own={own} managed={managed} asOf={asOf} />
      <Calls rows={rows} own={own?.calls ?? 0} managed={managed?.calls ?? 0} asOf={asOf} />
      <Speed speed={speed} asOf={asOf} />
      <Credits />
    </SimpleGrid>
  );
}

function Spend({ own, managed, asOf }: { own: UsageRow | undefined; managed: UsageRow | undefined; asOf: number }) {
  return (
    <Tile name="Spend" asOf={asOf}>
      <Group gap="xs">
        <Figure>{usd(own?.cost_usd ?? "0")}</Figure>
        <PayerBadge payer="byok" />
      </Group>
      <Note>at your providers, at list price</Note>
      <Group gap="xs">
        <Figure>{credits(managed?.credits_paid ?? "0")}</Figure>
        <PayerBadge payer="managed" />
      </Group>
      <Note>credits{managed && ` · ${usd(managed.cost_usd)} at list price`}</Note>
      <Split own={Number(own?.cost_usd ?? 0)} managed={Number(managed?.cost_usd ?? 0)} />
    </Tile>
  );
}

interface CallsProps {
  rows: readonly UsageRow[];
  own: number;
  managed: number;
  asOf: number;
}

function Calls({ rows, own, managed, asOf }: CallsProps) {
  const all = totals(rows);
  return (
    <Tile name="Calls" asOf={asOf}>
      <Figure>{count(all.calls)}</Figure>
      <Note>{share(all.errors, all.calls)} failed</Note>
      <Note>
        {count(own)} on your keys, {count(managed)} managed, {count(all.calls - own - managed)} not sent
      </Note>
      <Split own={own} managed={managed} />
    </Tile>
  );
}

function Speed({ speed, asOf }: { speed: Schemas["Speed"] | undefined; asOf: number }) {
  const product = useProduct();
  const known = speed && speed.calls > 0 ? speed : undefined;
  const ms = (value: number | null | undefined) =>
    value === null || value === undefined ? "unknown" : wholeDuration(value);
  return (
    <Tile name="Speed" asOf={asOf}>
      {known ? (
        <>
          <Figure>{ms(known.first_p50_ms)}</Figure>
          <Note>first word p50, p95 {ms(known.first_p95_ms)}</Note>
          <Note>
            {product} added {typeof known.own_p50_us === "number" ? duration(known.own_p50_us / 1_000) : "unknown"}
          </Note>
          <Note>of the newest {plural(known.calls, "answered call")}</Note>
        </>
      ) : (
        <>
          <Figure>unknown</Figure>
          <Note>No provider has answered a call in this time.</Note>
        </>
      )}
    </Tile>
  );
}

/** What is left, and of what the plan allows; on a plan without credits, that. */
function Credits() {
  const here = useHere();
  const balance = useQuery(creditsQuery(here.id));
  const plans = useQuery(plansQuery(here.id));
  const plan = plans.data?.find(({ id }) => id === here.plan);
  const runway = lasts(balance.data?.runway_days);
  const allowance = balance.data?.grants.find(({ kind }) => kind === "allowance");
  if (plan && plan.managed !== "credits" && !allowance && balance.data?.grants.length === 0) {
    return (
      <Tile name="Managed access">
        <Figure>{plan.managed === "included" ? "Included" : "None"}</Figure>
        <Note>
          {plan.managed === "included"
            ? `Model calls without an own key are included in ${plan.name}.`
            : "A provider without key serves no calls until you add one."}
        </Note>
      </Tile>
    );
  }
  return (
    <Tile name="Credits" asOf={balance.dataUpdatedAt}>
      <Figure>{balance.data ? credits(balance.data.balance) : "…"}</Figure>
      <Note>
        left
        {runway && `, ${runway} at last week's pace`}
        {balance.data && !isZero(balance.data.held) && `, ${credits(balance.data.held)} held for running calls`}
      </Note>
      {allowance && (
        <>
          <Progress
            value={Number(allowance.credits) > 0 ? (100 * Number(allowance.balance)) / Number(allowance.credits) : 0}
            color="var(--ok-line-strong)"
            size={8}
            aria-hidden
          />
          <Note>
            {credits(allowance.balance)} of {credits(allowance.credits)} of your plan's
            {balance.data?.resets_at && (
              <>
                {" "}
                · anew <Time at={balance.data.resets_at} />
              </>
            )}
          </Note>
        </>
      )}
    </Tile>
  );
}

/** Own on the left and solid, managed on the right and hatched. */
function Split({ own, managed }: { own: number; managed: number }) {
  const all = own + managed || 1;
  return (
    <Progress.Root mt={6} size={8} aria-hidden>
      <Progress.Section value={(100 * own) / all} color="var(--ok-own-fill)" />
      <Progress.Section value={(100 * managed) / all} color="var(--ok-managed-fill)" className={classes.hatched} />
    </Progress.Root>
  );
}

function Tile({ name, asOf, children }: { name: string; asOf?: number; children: ReactNode }) {
  const paper = (
    <Paper withBorder p="lg" component="section" aria-label={name}>
      <Stack gap={4}>
        <Text size="sm" fw={500} c="dimmed">
          {name}
        </Text>
        {children}
      </Stack>
    </Paper>
  );
  if (!asOf) return paper;
  return (
    <Tooltip label={`as of ${clock(new Date(asOf))}`} position="top-end">
      {paper}
    </Tooltip>
  );
}

function Figure({ children }: { children: ReactNode }) {
  return (
    <Text fz={24} fw={600} lh={1.2}>
      {children}
    </Text>
  );
}

function Note({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" c="dimmed" component="div">
      {children}
    </Text>
  );
}
