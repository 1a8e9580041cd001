import { Group, Progress, Stack, Text } from "@mantine/core";
import { IconCheck, IconLinkOff } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import type { AuditCheck } from "../../api/client";
import { verifyQuery } from "../../api/queries";
import { count, plural } from "../../format/number";
import { clockOrDay } from "../../format/time";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { FailurePanel } from "../../ui/FailurePanel";
import { Panel } from "../../ui/Panel";
import { useDelayed } from "../../ui/useDelayed";

const QUIET_MS = 1_000;

/** Has the server check every event, part by part, and says what came of it. Whoever leaves finds it where it was. */
export function Verify() {
  const here = useHere();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/audit" });
  const query = verifyQuery(here.id);
  const wasBegun = queries.getQueryData(query.queryKey) !== undefined;
  const { data, error, isFetching, hasNextPage, fetchNextPage } = useInfiniteQuery({
    ...query,
    enabled: search.verify === true || wasBegun,
  });
  const parts = data?.pages ?? [];
  const isBusy = isFetching || (hasNextPage && error === null);
  useEffect(() => {
    if (hasNextPage && !isFetching && error === null) void fetchNextPage();
  }, [hasNextPage, isFetching, error, fetchNextPage]);

  function begin() {
    void navigate({ to: ".", search: { ...search, verify: true }, replace: true });
    void queries.resetQueries({ queryKey: query.queryKey });
  }

  const last = parts.at(-1);
  return (
    <>
      <Group gap="sm">
        <ChangeButton variant="default" loading={isBusy} onClick={begin}>
          Verify chain
        </ChangeButton>
        <Text size="sm" c="dimmed">
          Each event is sealed together with the one before it.
        </Text>
      </Group>
      <Checking parts={parts} isBusy={isBusy} />
      {!isBusy && error === null && last && <Result last={last} checked={checkedIn(parts)} />}
      {!isBusy && error !== null && (
        <FailurePanel error={error} retry={() => (last ? void fetchNextPage() : begin())} />
      )}
    </>
  );
}

function checkedIn(parts: readonly AuditCheck[]): number {
  return parts.reduce((sum, { checked }) => sum + (checked ?? 0), 0);
}

/** How far it is, once that takes long. */
function Checking({ parts, isBusy }: { parts: readonly AuditCheck[]; isBusy: boolean }) {
  const isLong = useDelayed(isBusy, QUIET_MS);
  if (!isBusy || !isLong) return null;
  const [checked, events] = [checkedIn(parts), parts.at(-1)?.events];
  const share = events ? (100 * checked) / events : 0;
  return (
    <Stack gap={4} maw={480}>
      <Progress.Root size="sm">
        <Progress.Section value={share} aria-label="Events checked" color="var(--ok-text)" />
      </Progress.Root>
      <Text size="sm">{events ? `${count(checked)} of ${count(events)} events checked` : "Checking…"}</Text>
    </Stack>
  );
}

function Result({ last: { broken_at, since }, checked }: { last: AuditCheck; checked: number }) {
  if (typeof broken_at === "number") {
    return (
      <Panel tone="bad" Icon={IconLinkOff} title={`Event No. ${broken_at} is changed or missing`} live>
        <Text size="sm">
          Every event before it that is still kept is as it was written; what follows can't be trusted. Tell your
          operator.
        </Text>
      </Panel>
    );
  }
  const kept = since ? ` since ${clockOrDay(new Date(since), new Date())}` : "";
  const title = `${plural(checked, "event")} checked, none changed or missing${kept}.`;
  return <Panel tone="ok" Icon={IconCheck} title={title} live />;
}
