import { Button, Center, Group, Select, Stack, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { receiptsQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { CallsTable } from "./CallsTable";

const payers = [
  { value: "byok", label: "Own key" },
  { value: "managed", label: "Managed" },
];
const statuses = [
  { value: "2xx", label: "Worked" },
  { value: "4xx", label: "Refused (4xx)" },
  { value: "5xx", label: "Failed (5xx)" },
  { value: "none", label: "Caller left" },
];

const WIDTH = { base: "100%", xs: 180 };

export function Receipts() {
  const here = useHere();
  const filter = useSearch({ from: "/signed-in/w/$ws/receipts" });
  const navigate = useNavigate();
  const query = useInfiniteQuery(receiptsQuery(here.id, filter));
  const set = (change: typeof filter) => void navigate({ to: ".", search: { ...filter, ...change }, replace: true });
  const filtered = Object.values(filter).some(Boolean);
  return (
    <Page title="Receipts" purpose="Proof of each call: who paid, what was tried, what it cost." within={here.name}>
      <Group gap="sm" align="flex-end">
        <Select
          w={WIDTH}
          label="Payer"
          placeholder="Anyone"
          data={payers}
          value={filter.payer ?? null}
          clearable
          onChange={(payer) => set({ payer: payer ?? undefined })}
        />
        <Select
          w={WIDTH}
          label="Status"
          placeholder="Any"
          data={statuses}
          value={filter.status ?? null}
          clearable
          onChange={(status) => set({ status: status ?? undefined })}
        />
        <ById ws={here.id} />
        {filtered && (
          <Button variant="default" onClick={() => void navigate({ to: ".", search: {} })}>
            Clear all
          </Button>
        )}
      </Group>
      <Loaded query={query} heights={[480]}>
        {({ pages }) => {
          const receipts = pages.flatMap(({ data }) => data);
          if (receipts.length === 0) return <NoCalls filtered={filtered} />;
          return (
            <Stack gap="md">
              <CallsTable receipts={receipts} />
              {query.hasNextPage && (
                <Center>
                  <Button
                    variant="default"
                    loading={query.isFetchingNextPage}
                    onClick={() => void query.fetchNextPage()}
                  >
                    Load more
                  </Button>
                </Center>
              )}
            </Stack>
          );
        }}
      </Loaded>
    </Page>
  );
}

function NoCalls({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No calls match">Remove a filter to see more.</Empty>;
  return <Empty title="No calls yet">The first one appears here within a second.</Empty>;
}

/** Goes to the receipt whose id is pasted. */
function ById({ ws }: { ws: string }) {
  const navigate = useNavigate();
  const [id, setId] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const req = id.trim();
        if (req) void navigate({ to: "/w/$ws/receipts/$req", params: { ws, req } });
      }}
    >
      <TextInput
        w={{ base: "100%", xs: 280 }}
        label="Receipt by id"
        placeholder="req_…"
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
      />
    </form>
  );
}
