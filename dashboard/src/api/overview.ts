import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { answered } from "./failure";

// What a workspace's first page asks beside what others ask too.

interface Time {
  from: string;
  to: string;
  step: "hour" | "day";
}

/** Who paid when, how fast calls were, why some failed. */
export const overviewQuery = (ws: string, { from, to, step }: Time) =>
  queryOptions({
    queryKey: [ws, "overview", from, to, step],
    queryFn: () =>
      answered(api.GET("/api/v1/workspaces/{ws}/overview", { params: { path: { ws }, query: { from, to, step } } })),
    placeholderData: (previous) => previous,
  });

/** What is counted against each budget now. */
export const spentBudgetsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "budgets"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/budgets", { params: { path: { ws } } }))).data,
    refetchInterval: 15_000,
  });
