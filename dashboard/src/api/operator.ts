import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { answered } from "./failure";

// What only whoever runs this installation may ask.

const A_PAGE = 50;

export const atAGlanceQuery = infiniteQueryOptions({
  queryKey: ["operator", "workspaces"],
  queryFn: ({ pageParam }) =>
    answered(api.GET("/api/v1/operator/workspaces", { params: { query: { limit: A_PAGE, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next_cursor ?? undefined,
});

/** What another plan would come to, without taking it. */
export const planPreviewQuery = (ws: string, plan: string) =>
  queryOptions({
    queryKey: [ws, "plan-preview", plan],
    queryFn: () =>
      answered(api.GET("/api/v1/workspaces/{ws}/plan-preview", { params: { path: { ws }, query: { plan } } })),
    gcTime: 0,
  });

export interface GrantFilter {
  workspace?: string | undefined;
  state?: string | undefined;
}

export const grantsQuery = (filter: GrantFilter) =>
  infiniteQueryOptions({
    queryKey: ["operator", "grants", filter],
    queryFn: ({ pageParam }) => {
      const query = { ...filter, limit: A_PAGE, cursor: pageParam };
      return answered(api.GET("/api/v1/operator/grants", { params: { query } }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

export const healthQuery = queryOptions({
  queryKey: ["operator", "health"],
  queryFn: () => answered(api.GET("/api/v1/operator/health")),
  refetchInterval: 15_000,
  refetchOnWindowFocus: true,
});

export const configurationQuery = queryOptions({
  queryKey: ["operator", "configuration"],
  queryFn: () => answered(api.GET("/api/v1/operator/configuration")),
  staleTime: 300_000,
});
