import { Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Plan, UsageRow } from "../../api/client";
import { credits, isZero, usd } from "../../format/amount";
import { plural } from "../../format/number";
import { useProduct } from "../../session/context";
import { isMetered } from "../../session/plan";
import { PayerBadge, type PayerKind } from "../../ui/Payer";

/** Who bills what this month. They are two bills, and no sum of them means anything. */
export function TwoBills({ rows, plan }: { rows: readonly UsageRow[]; plan: Plan | undefined }) {
  const product = useProduct();
  const [own, managed] = ["byok", "managed"].map((payer) => rows.find(({ key }) => key === payer));
  const spent = managed?.credits_paid ?? "0";
  const included = plan && plan.managed === "included" && !isMetered(plan) && isZero(spent);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <Bill payer="managed" title={`${product} bills you`} figure={included ? "Included" : `${credits(spent)} credits`}>
        {plan?.price_usd_month && `${usd(plan.price_usd_month)} for the subscription, and `}
        {plural(managed?.calls ?? 0, "managed call")} and services this month.
      </Bill>
      <Bill payer="byok" title="Your providers bill you" figure={`about ${usd(own?.cost_usd ?? "0")}`}>
        {plural(own?.calls ?? 0, "call")} on your own keys this month, at list price. Billed by Anthropic and OpenAI,
        not by {product}.{own && own.unpriced > 0 && ` ${plural(own.unpriced, "call")} of unknown cost not counted.`}
      </Bill>
    </SimpleGrid>
  );
}

interface BillProps {
  payer: PayerKind;
  title: string;
  figure: string;
  children: ReactNode;
}

function Bill({ payer, title, figure, children }: BillProps) {
  return (
    <Paper withBorder p="lg" component="section" aria-label={title}>
      <Stack gap="xs" align="flex-start">
        <PayerBadge payer={payer} />
        <Title order={2} size="h3">
          {title}
        </Title>
        <Text fz={24} fw={600} lh={1.2}>
          {figure}
        </Text>
        <Text size="sm" c="dimmed">
          {children}
        </Text>
      </Stack>
    </Paper>
  );
}
