import { Stack } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { auditQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { LoadMore } from "../../ui/LoadMore";
import { Page } from "../../ui/Page";
import { RangeChoice } from "../usage/RangeChoice";
import { useOptionalRange } from "../usage/useRange";
import { EventList } from "./EventList";
import { Filters } from "./Filters";
import { Verify } from "./Verify";

const READ = "GET /api/v1/workspaces/{ws}/audit" as const;

export function Audit() {
  const here = useHere();
  const denied = useDenied(here.may(READ), "admin", "Only admins can read the audit log.");
  return (
    <Page title="Audit log" purpose="Who did what, to what, and when. Secrets are never in it." within={here.name}>
      {denied ? (
        <Denied>{denied}</Denied>
      ) : (
        <>
          <Verify />
          <Events />
        </>
      )}
    </Page>
  );
}

function Events() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/audit" });
  const navigate = useNavigate();
  const set = (change: typeof search) => void navigate({ to: ".", search: { ...search, ...change }, replace: true });
  const { from, to } = useOptionalRange(search.range);
  const filter = { actor: search.who, action: search.what, object: search.object, from, to };
  const query = useInfiniteQuery(auditQuery(here.id, filter));
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <>
      <RangeChoice text={search.range} onChange={(range) => set({ range })} optional />
      <Filters search={search} onChange={set} onClear={() => void navigate({ to: ".", search: {} })} />
      <Loaded query={query} heights={[400]}>
        {({ pages }) => {
          const events = pages.flatMap(({ data }) => data);
          if (events.length === 0 && isFiltered)
            return <Empty title="No events match">Remove a filter to see more.</Empty>;
          if (events.length === 0) return <Empty title="Changes will be recorded here" />;
          return (
            <Stack gap="md">
              <EventList events={events} />
              <LoadMore of={query} />
            </Stack>
          );
        }}
      </Loaded>
    </>
  );
}
