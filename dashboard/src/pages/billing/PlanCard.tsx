import { Anchor, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Plan } from "../../api/client";
import { usd } from "../../format/amount";
import { useHere } from "../../session/context";
import { Time } from "../../ui/Time";
import { included } from "./words";

/** The plan and what is in it. */
export function PlanCard({ plan, resetsAt }: { plan: Plan; resetsAt: string | null | undefined }) {
  const here = useHere();
  return (
    <Paper withBorder p="lg" component="section" aria-label="Plan">
      <Stack gap="sm">
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            Plan
          </Text>
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/w/$ws/settings/billing" params={{ ws: here.id }} search={{ tab: "plans" }} {...props} />
            )}
          >
            All plans
          </Anchor>
        </Group>
        <Title order={2}>
          {plan.name}
          {plan.price_usd_month && (
            <Text span c="dimmed" fw={400} ml="xs">
              {usd(plan.price_usd_month)} a month
            </Text>
          )}
        </Title>
        <List size="sm" spacing={4}>
          {included(plan).map((text) => (
            <List.Item key={text}>{text}</List.Item>
          ))}
        </List>
        {resetsAt && (
          <Text size="sm" c="dimmed">
            The next period begins <Time at={resetsAt} />.
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
