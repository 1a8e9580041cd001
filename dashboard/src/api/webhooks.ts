import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { answered } from "./failure";

/** Where the workspace is told of what happens, newest first. */
export const webhooksQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "webhooks"],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/workspaces/{ws}/webhooks", { params: { path: { ws } } }))).data,
    refetchInterval: 15_000,
    refetchOnWindowFocus: true,
  });

const SHOWN = 50;
const SOON_MS = 3_000;

/** What a webhook was told of late. Somebody who looks at it waits for what becomes of it. */
export const deliveriesQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, "webhooks", id, "deliveries"],
    queryFn: async () => {
      const params = { path: { ws, id }, query: { limit: SHOWN } };
      return (await answered(api.GET("/api/v1/workspaces/{ws}/webhooks/{id}/deliveries", { params }))).data;
    },
    refetchInterval: SOON_MS,
  });
