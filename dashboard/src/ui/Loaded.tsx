import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FailurePanel } from "./FailurePanel";
import { Loading } from "./Loading";

interface Props<T> {
  query: UseQueryResult<T>;
  heights: readonly number[];
  children: (data: T) => ReactNode;
}

/** What a query brought; until then its shape, and if it failed, why. Old data stays while new data is fetched. */
export function Loaded<T>({ query, heights, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <FailurePanel error={query.error} retry={() => void query.refetch()} />;
  return <Loading heights={heights} />;
}
