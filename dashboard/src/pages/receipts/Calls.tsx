import { Stack } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type ReceiptFilter, receiptsQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Loaded } from "../../ui/Loaded";
import { LoadMore } from "../../ui/LoadMore";
import { CallsTable } from "./CallsTable";

/** The calls that a filter lets through, page by page; `none` where there is none. */
export function Calls({ filter, none }: { filter: ReceiptFilter; none: ReactNode }) {
  const here = useHere();
  const query = useInfiniteQuery(receiptsQuery(here.id, filter));
  return (
    <Loaded query={query} heights={[480]}>
      {({ pages }) => {
        const receipts = pages.flatMap(({ data }) => data);
        if (receipts.length === 0) return none;
        return (
          <Stack gap="md">
            <CallsTable receipts={receipts} />
            <LoadMore of={query} />
          </Stack>
        );
      }}
    </Loaded>
  );
}
