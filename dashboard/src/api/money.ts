import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type Schemas } from "./client";
import { answered } from "./failure";

// What credits, costs and budgets are asked with.

export type Credits = Schemas["Credits"];
export type Grant = Schemas["Grant"];
export type Budget = Schemas["Budget"];
export type BudgetInput = Schemas["BudgetInput"];
export type BudgetPreview = Schemas["BudgetPreview"];
export type Costs = Schemas["Costs"];
export type CostTerms = Schemas["CostTerms"];
export type LedgerEntry = Schemas["LedgerEntry"];

const live = { refetchInterval: 15_000, refetchOnWindowFocus: true } as const;
const ENTRIES_A_PAGE = 100;

export const creditsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "credits"],
    queryFn: () => answered(api.GET("/api/v1/workspaces/{ws}/credits", { params: { path: { ws } } })),
    ...live,
  });

export const costsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "costs"],
    queryFn: () => answered(api.GET("/api/v1/workspaces/{ws}/costs", { params: { path: { ws } } })),
  });

export const budgetsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "budgets"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/budgets", { params: { path: { ws } } }))).data,
    ...live,
  });

/** What a budget would have done to the calls of today, without making it. */
export const budgetPreviewQuery = (ws: string, budget: BudgetInput) =>
  queryOptions({
    queryKey: [ws, "budgets", "preview", budget],
    queryFn: async (): Promise<BudgetPreview> => {
      const params = { path: { ws }, query: { preview: true } };
      const told = await answered(api.POST("/api/v1/workspaces/{ws}/budgets", { params, body: budget }));
      return "stopped_today" in told ? told : {};
    },
  });

/** Each change of the credits within a month, newest first. */
export const ledgerQuery = (ws: string, { from, to }: { from: string; to: string }) =>
  infiniteQueryOptions({
    queryKey: [ws, "ledger", from, to],
    queryFn: ({ pageParam }) => {
      const query = { from, to, limit: ENTRIES_A_PAGE, cursor: pageParam };
      return answered(api.GET("/api/v1/workspaces/{ws}/ledger", { params: { path: { ws }, query } }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
