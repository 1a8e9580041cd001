import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { answered } from "./failure";

/** What others may change while one looks. */
const live = { refetchInterval: 15_000, refetchOnWindowFocus: true } as const;
/** What only a configuration changes. */
const settled = { staleTime: 300_000 } as const;

const page = { limit: 100 } as const;

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: async () => (await answered(api.GET("/api/v1/providers"))).data,
  ...settled,
});

export const plansQuery = queryOptions({
  queryKey: ["plans"],
  queryFn: async () => (await answered(api.GET("/api/v1/plans"))).data,
  ...settled,
});

export const modelsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "models"],
    queryFn: async () => (await answered(api.GET("/api/v1/models"))).data,
  });

export const keysQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "provider-keys"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/provider-keys", { params: { path: { ws } } }))).data,
    ...live,
  });

export const policyQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "policy"],
    queryFn: () => answered(api.GET("/api/v1/workspaces/{ws}/policy", { params: { path: { ws } } })),
    ...live,
  });

export const agentsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "agents"],
    queryFn: async () => (await answered(api.GET("/api/v1/workspaces/{ws}/agents", { params: { path: { ws } } }))).data,
    ...live,
  });

export const apiKeysQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "api-keys"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/api-keys", { params: { path: { ws }, query: page } }))).data,
    ...live,
  });

export const receiptQuery = (ws: string, req: string) =>
  queryOptions({
    queryKey: [ws, "requests", req],
    queryFn: () => answered(api.GET("/api/v1/workspaces/{ws}/requests/{req}", { params: { path: { ws, req } } })),
  });

export interface UsageFilter {
  from: string;
  to: string;
  by: string;
}

export const usageQuery = (ws: string, { from, to, by }: UsageFilter) =>
  queryOptions({
    queryKey: [ws, "usage", from, to, by],
    queryFn: () =>
      answered(
        api.GET("/api/v1/workspaces/{ws}/usage", { params: { path: { ws }, query: { from, to, group_by: by } } }),
      ),
    placeholderData: (previous) => previous,
  });
