import { Stack, Title } from "@mantine/core";
import type { UsageRow } from "../../api/client";
import { GroupsTable } from "../usage/GroupsTable";

const SHOWN = 5;

export function TopModels({ rows }: { rows: readonly UsageRow[] }) {
  const top = rows.toSorted((a, b) => Number(b.cost_usd) - Number(a.cost_usd)).slice(0, SHOWN);
  return (
    <Stack gap="sm">
      <Title order={2} size="h3">
        Top models
      </Title>
      <GroupsTable rows={top} by="model" />
    </Stack>
  );
}
