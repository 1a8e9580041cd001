import { Group, Paper, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { UsageRow } from "../../api/client";
import { plansQuery } from "../../api/queries";
import { credits, usd } from "../../format/amount";
import { count, share } from "../../format/number";
import { useHere } from "../../session/context";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { totals } from "../usage/chart";
import classes from "./Tiles.module.css";

/** What it cost, on which account, and how many calls failed. */
export function Tiles({ rows }: { rows: readonly UsageRow[] }) {
  const here = useHere();
  const plans = useQuery(plansQuery(here.id));
  const plan = plans.data?.find(({ id }) => id === here.plan);
  const of = (payer: string) => rows.find(({ key }) => payerKind(key) === payer);
  const [own, managed] = [of("byok"), of("managed")];
  const all = totals(rows);
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="lg">
      <Tile badge={<PayerBadge payer="byok" />} figure={usd(own?.cost_usd ?? "0")}>
        at your providers, at list price
      </Tile>
      <Tile badge={<PayerBadge payer="managed" />} figure={`${credits(managed?.credits ?? "0")} credits`}>
        {plan?.managed === "included" ? `the rest is included in ${plan.name}` : "by managed access"}
      </Tile>
      <Tile badge={<Text fw={500}>Calls</Text>} figure={count(all.calls)}>
        {share(all.errors, all.calls)} failed · {count(own?.calls ?? 0)} on your keys, {count(managed?.calls ?? 0)}{" "}
        managed
        <Progress.Root mt={6} size={8} aria-hidden>
          <Progress.Section value={(100 * (own?.calls ?? 0)) / (all.calls || 1)} color="var(--ok-own-fill)" />
          <Progress.Section
            value={(100 * (managed?.calls ?? 0)) / (all.calls || 1)}
            color="var(--ok-managed-fill)"
            className={classes.hatched}
          />
        </Progress.Root>
      </Tile>
    </SimpleGrid>
  );
}

function Tile({ badge, figure, children }: { badge: ReactNode; figure: string; children: ReactNode }) {
  return (
    <Paper withBorder p="lg">
      <Stack gap={6}>
        <Group>{badge}</Group>
        <Text fz={24} fw={600} lh={1.2}>
          {figure}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {children}
        </Text>
      </Stack>
    </Paper>
  );
}
