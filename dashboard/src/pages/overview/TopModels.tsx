import { Stack, Title } from "@mantine/core";
import type { UsageRow } from "../../api/client";
import { GroupsTable } from "../usage/GroupsTable";

const SHOWN = 5;

export function TopModels({ rows, own }: { rows: readonly UsageRow[]; own: readonly UsageRow[] }) {
  return (
    <Stack gap="sm">
      <Title order={2} size="h3">
        Top models
      </Title>
      <GroupsTable rows={rows} own={own} by="model" limit={SHOWN} />
    </Stack>
  );
}
