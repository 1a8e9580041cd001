import { Paper, Progress, Stack, Text } from "@mantine/core";
import type { Plan } from "../../api/client";
import type { Credits } from "../../api/money";
import { credits as amount, isZero, sum } from "../../format/amount";
import { lasts } from "../../format/credits";
import { isMetered } from "../../session/plan";
import { Time } from "../../ui/Time";

/** What is left, what of it is set aside, how long it lasts. */
export function BalanceCard({ credits, plan }: { credits: Credits; plan: Plan | undefined }) {
  const runway = lasts(credits.runway_days);
  const allowance = credits.grants.find(({ kind }) => kind === "allowance");
  const counts = !plan || isMetered(plan) || !isZero(credits.balance);
  return (
    <Paper withBorder p="lg" component="section" aria-label="Balance">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Balance
        </Text>
        <Text fz={32} fw={600} lh={1.1}>
          {amount(credits.balance)} credits
        </Text>
        {!isZero(credits.held) && <Text size="sm">{amount(credits.held)} held for running calls</Text>}
        {counts && (
          <Text size="sm" c={credits.runway_days === 0 ? "var(--ok-bad)" : "dimmed"}>
            {runway
              ? `Lasts ${runway} at last week's pace.`
              : "How long they last is known after three days of spending."}
          </Text>
        )}
        {!counts && plan && (
          <Text size="sm">
            {plan.managed === "included"
              ? `Model calls without an own key are included in ${plan.name}.`
              : "Nothing here costs credits: calls run on your own keys."}
          </Text>
        )}
        {allowance && <AllowanceBar granted={allowance.credits} left={allowance.balance} endsAt={credits.resets_at} />}
      </Stack>
    </Paper>
  );
}

function AllowanceBar({ granted, left, endsAt }: { granted: string; left: string; endsAt: string | null | undefined }) {
  const used = sum([granted, `-${left}`]);
  const share = Number(granted) > 0 ? (100 * Number(used)) / Number(granted) : 0;
  return (
    <Stack gap={6}>
      <Text size="sm">
        {amount(used)} of this period's {amount(granted)} used
        {endsAt && (
          <>
            , starts again <Time at={endsAt} />
          </>
        )}
      </Text>
      <Progress value={share} color="var(--ok-managed-fill)" size={8} aria-hidden />
    </Stack>
  );
}
