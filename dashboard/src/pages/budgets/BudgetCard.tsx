import { Box, Group, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconBan, IconCheck, IconInfoCircle } from "@tabler/icons-react";
import type { Budget } from "../../api/money";
import { isZero, usd } from "../../format/amount";
import { share } from "../../format/number";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { ChangeLink } from "../../ui/ChangeLink";
import { StateBadge } from "../../ui/StateBadge";
import { Time } from "../../ui/Time";
import classes from "./BudgetCard.module.css";
import { draftOf, sentence } from "./sentence";
import { useScopes } from "./useScopes";

interface Props {
  budget: Budget;
  denied: string | undefined;
  onRemove: () => void;
}

const small = { size: "compact-sm", variant: "default" } as const;

/** A budget, how much of it is used, and when it begins anew. */
export function BudgetCard({ budget, denied, onRemove }: Props) {
  const here = useHere();
  const scopes = useScopes();
  const scope = scopes.find(({ value }) => value === budget.scope)?.label ?? budget.scope;
  const part = isZero(budget.limit_usd) ? 100 : (100 * Number(budget.used_usd)) / Number(budget.limit_usd);
  return (
    <Paper withBorder p="lg" component="section" aria-label={nameOf(budget)}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start">
          <Title order={2} size="h3" maw={640}>
            {sentence(draftOf(budget), scope, usd(budget.limit_usd))}
          </Title>
          <Standing budget={budget} />
        </Group>
        <Box>
          <Progress value={part} color={colorOf(budget)} size={10} aria-hidden />
          <div className={classes.marks} aria-hidden>
            {[50, 80, 100].map((at) => (
              <span key={at} className={classes.mark} style={{ left: `${at}%` }}>
                {at} %
              </span>
            ))}
          </div>
        </Box>
        <Text size="sm" component="div">
          {usd(budget.used_usd)} of {usd(budget.limit_usd)} used ({share(part, 100)})
          {!isZero(budget.held_usd) && `, ${usd(budget.held_usd)} held for running calls`} ·{" "}
          {budget.resets_at ? (
            <>
              starts again <Time at={budget.resets_at} />
            </>
          ) : (
            "never starts again"
          )}
        </Text>
        <Group gap="sm">
          <ChangeLink
            {...small}
            denied={denied}
            aria-label={`Edit ${nameOf(budget)}`}
            link={{ to: "/w/$ws/settings/budgets", params: { ws: here.id }, search: { edit: budget.id } }}
          >
            Edit
          </ChangeLink>
          <ChangeButton {...small} denied={denied} aria-label={`Remove ${nameOf(budget)}`} onClick={onRemove}>
            Remove
          </ChangeButton>
        </Group>
      </Stack>
    </Paper>
  );
}

/** Made-up names are of no use to people. */
export function nameOf({ id }: Budget): string {
  return id.startsWith("bud_") ? `budget ${id.slice(-4)}` : `budget ${id}`;
}

function Standing({ budget: { threshold, action } }: { budget: Budget }) {
  if (threshold === 100 && action === "block") return <StateBadge tone="bad" Icon={IconBan} word="Used up: blocks" />;
  if (threshold === 100) return <StateBadge tone="bad" Icon={IconAlertTriangle} word="Used up" />;
  if (threshold === 80) return <StateBadge tone="attention" Icon={IconAlertTriangle} word="Over 80 %" />;
  if (threshold === 50) return <StateBadge tone="neutral" Icon={IconInfoCircle} word="Over 50 %" />;
  return <StateBadge tone="ok" Icon={IconCheck} word="Within" />;
}

function colorOf({ threshold }: Budget): string {
  if (threshold === 100) return "var(--ok-bad)";
  return threshold === 80 ? "var(--ok-attention)" : "var(--ok-text)";
}
