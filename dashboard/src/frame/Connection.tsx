import { Box, Text } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { IconCloudOff } from "@tabler/icons-react";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { isAwaited } from "../api/queries";
import { useReached } from "../api/reach";
import { clock } from "../format/time";
import { Panel } from "../ui/Panel";
import { useDelayed } from "../ui/useDelayed";

const SLOW_MS = 4_000;

/** Says when what is shown is old, and when the server takes long. */
export function Connection() {
  const { online } = useNetwork();
  const reached = useReached();
  const queries = useQueryClient();
  const slow = useDelayed(useIsFetching({ predicate: isAwaited }) > 0, SLOW_MS);
  if (!online || !reached) {
    const newest = Math.max(
      0,
      ...queries
        .getQueryCache()
        .getAll()
        .map((query) => query.state.dataUpdatedAt),
    );
    return (
      <Box mb="md">
        <Panel
          tone="attention"
          Icon={IconCloudOff}
          title={`${online ? "We can't reach the server." : "You're offline."} Showing what we had at ${clock(new Date(newest))}.`}
          live
        >
          <Text size="sm">Changes can be made when it is back; none is sent meanwhile.</Text>
        </Panel>
      </Box>
    );
  }
  if (!slow) return null;
  return (
    <Text size="sm" c="dimmed" mb="md" role="status">
      Still working. The server is slow to answer.
    </Text>
  );
}
