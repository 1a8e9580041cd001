import { infiniteQueryOptions, type Query, queryOptions } from "@tanstack/react-query";
import { api, type PolicyInput } from "./client";
import { answered } from "./failure";

/** What others may change while one looks. */
const live = { refetchInterval: 15_000, refetchOnWindowFocus: true } as const;
/** What only a configuration changes. */
const settled = { staleTime: 300_000 } as const;

/** What takes its time by nature, and tells of it itself. */
const unawaited = { meta: { unawaited: true } } as const;

/** Whether a page waits for it as for everything that it shows. */
export const isAwaited = ({ meta }: Query) => meta?.unawaited !== true;

const whole = { limit: 100 } as const;

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: async () => (await answered(api.GET("/api/v1/providers"))).data,
  ...settled,
});

/** What error codes mean. It changes with the server's version alone, so what was loaded once stays. */
export const errorCodesQuery = queryOptions({
  queryKey: ["error-codes"],
  queryFn: async () => (await answered(api.GET("/api/v1/error-codes"))).data,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

export const plansQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "plans"],
    queryFn: async () => (await answered(api.GET("/api/v1/plans", { params: { query: { workspace: ws } } }))).data,
    ...live,
  });

export const modelsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "models"],
    queryFn: async () => (await answered(api.GET("/api/v1/models", { params: { query: { workspace: ws } } }))).data,
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
      (await answered(api.GET("/api/v1/workspaces/{ws}/api-keys", { params: { path: { ws }, query: whole } }))).data,
    ...live,
  });

export const receiptQuery = (ws: string, req: string) =>
  queryOptions({
    queryKey: [ws, "requests", req],
    queryFn: () => answered(api.GET("/api/v1/workspaces/{ws}/requests/{req}", { params: { path: { ws, req } } })),
  });

/** Which calls; what is absent does not matter. */
export interface CallFilter {
  payer?: string | undefined;
  provider?: string | undefined;
  model?: string | undefined;
  agent?: string | undefined;
  api_key?: string | undefined;
}

export interface UsageFilter extends CallFilter {
  from: string;
  to: string;
  by: string;
}

export const usageQuery = (ws: string, { from, to, by, payer, provider, model, agent, api_key }: UsageFilter) =>
  queryOptions({
    queryKey: [ws, "usage", from, to, by, payer, provider, model, agent, api_key],
    queryFn: () => {
      const query = { from, to, group_by: by, payer, provider, model, agent, api_key };
      return answered(api.GET("/api/v1/workspaces/{ws}/usage", { params: { path: { ws }, query } }));
    },
    placeholderData: (previous) => previous,
  });

/** What a policy would come to, without setting it. */
export const previewQuery = (ws: string, policy: PolicyInput) =>
  queryOptions({
    queryKey: [ws, "policy", "preview", policy],
    queryFn: () =>
      answered(
        api.PUT("/api/v1/workspaces/{ws}/policy", {
          params: { path: { ws }, query: { preview: true } },
          body: policy,
        }),
      ),
  });

export interface ReceiptFilter extends CallFilter {
  status?: string | undefined;
  client_request_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

const RECEIPTS_A_PAGE = 50;

export const receiptsQuery = (ws: string, filter: ReceiptFilter) =>
  infiniteQueryOptions({
    queryKey: [ws, "requests", filter],
    queryFn: ({ pageParam }) => {
      const query = { ...filter, limit: RECEIPTS_A_PAGE, cursor: pageParam };
      return answered(api.GET("/api/v1/workspaces/{ws}/requests", { params: { path: { ws }, query } }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? 15_000 : false),
  });

/** Which events of the audit log; what is absent does not matter. */
export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  object?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export const auditQuery = (ws: string, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: [ws, "audit", filter],
    queryFn: ({ pageParam }) => {
      const query = { ...filter, limit: RECEIPTS_A_PAGE, cursor: pageParam };
      return answered(api.GET("/api/v1/workspaces/{ws}/audit", { params: { path: { ws }, query } }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

const EVENTS_A_PART = 2_000;

/** The check of the whole audit log, part by part. What was found stays until somebody begins anew. */
export const verifyQuery = (ws: string) =>
  infiniteQueryOptions({
    queryKey: [ws, "audit", "verify"],
    queryFn: ({ pageParam }) => {
      const query = { limit: EVENTS_A_PART, after: pageParam };
      return answered(api.GET("/api/v1/workspaces/{ws}/audit/verify", { params: { path: { ws }, query } }));
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => last.next_after ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    retry: false,
    ...unawaited,
  });

/** The newest receipts only. */
export const newestQuery = (ws: string, limit: number) =>
  queryOptions({
    queryKey: [ws, "requests", "newest", limit],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/requests", { params: { path: { ws }, query: { limit } } })))
        .data,
    ...live,
  });

export const membersQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "members"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/members", { params: { path: { ws } } }))).data,
    ...live,
  });

export const invitationsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "invitations"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/invitations", { params: { path: { ws } } }))).data,
    ...live,
  });

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async () => (await answered(api.GET("/api/v1/sessions"))).data,
  ...live,
});

export const workspacesQuery = infiniteQueryOptions({
  queryKey: ["workspaces"],
  queryFn: ({ pageParam }) =>
    answered(api.GET("/api/v1/workspaces", { params: { query: { limit: 100, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next_cursor ?? undefined,
});

/** The plans and models as a new workspace would see them, for the operator. */
export const everyPlanQuery = queryOptions({
  queryKey: ["operator", "plans"],
  queryFn: async () => (await answered(api.GET("/api/v1/plans"))).data,
  ...settled,
});

export const everyModelQuery = queryOptions({
  queryKey: ["operator", "models"],
  queryFn: async () => (await answered(api.GET("/api/v1/models"))).data,
  ...settled,
});
