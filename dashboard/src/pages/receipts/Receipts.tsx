import { Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useHere } from "../../session/context";
import { Empty } from "../../ui/Empty";
import { Page } from "../../ui/Page";
import { FilterBar } from "../usage/FilterBar";
import { filterOf, filtersSet } from "../usage/filter";
import { RangeChoice } from "../usage/RangeChoice";
import { useOptionalRange } from "../usage/useRange";
import { Calls } from "./Calls";

const statuses = [
  { value: "2xx", label: "Worked" },
  { value: "4xx", label: "Refused (4xx)" },
  { value: "5xx", label: "Failed (5xx)" },
  { value: "none", label: "Caller left" },
];

export function Receipts() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/receipts" });
  const navigate = useNavigate();
  const set = (change: typeof search) => void navigate({ to: ".", search: { ...search, ...change }, replace: true });
  const { from, to } = useOptionalRange(search.range);
  const q = search.q?.trim();
  if (q?.startsWith("req_")) return <Navigate to="/w/$ws/receipts/$req" params={{ ws: here.id, req: q }} replace />;
  const filter = { ...filterOf(search), status: search.status, client_request_id: q || undefined, from, to };
  const isFiltered = filtersSet(search) > 0 || Boolean(search.status || q || from);
  return (
    <Page title="Receipts" purpose="Proof of each call: who paid, what was tried, what it cost." within={here.name}>
      <Search key={q} before={q ?? ""} onSearch={(q) => set({ q: q || undefined })} />
      <RangeChoice text={search.range} onChange={(range) => set({ range })} optional />
      <FilterBar
        search={search}
        onChange={set}
        more={[search.status, q, from].filter(Boolean).length}
        onClear={() => void navigate({ to: ".", search: {} })}
      >
        <Select
          w={{ base: "100%", sm: 140 }}
          label="Status"
          placeholder="Any"
          data={statuses}
          value={search.status ?? null}
          clearable
          onChange={(status) => set({ status: status ?? undefined })}
        />
      </FilterBar>
      <Calls filter={filter} none={<NoCalls q={q} isFiltered={isFiltered} />} />
    </Page>
  );
}

function NoCalls({ q, isFiltered }: { q: string | undefined; isFiltered: boolean }) {
  if (q) return <Empty title="No call with this id">No caller of this workspace named a call “{q}”.</Empty>;
  if (isFiltered) return <Empty title="No calls match">Remove a filter to see more.</Empty>;
  return <Empty title="No calls yet">The first one appears here within a second.</Empty>;
}

/** Finds a call by our id or its caller's. */
function Search({ before, onSearch }: { before: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(before);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
      }}
    >
      <TextInput
        w={{ base: "100%", xs: 440 }}
        label="Find a call by its id"
        description="Ours (req_…), or your own in x-client-request-id"
        leftSection={<IconSearch size={16} stroke={1.75} aria-hidden />}
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
