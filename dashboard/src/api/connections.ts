import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { answered } from "./failure";

const A_PAGE = 200;

/** The providers whose accounts can be connected. Only a configuration changes them. */
export const connectionProvidersQuery = queryOptions({
  queryKey: ["connection-providers"],
  queryFn: async () => (await answered(api.GET("/api/v1/connection-providers"))).data,
  staleTime: 300_000,
});

/** All of them, newest first: one that waits for somebody may be the oldest. */
export const connectionsQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "connections"],
    queryFn: async () => {
      const found = [];
      let cursor: string | undefined;
      do {
        const params = { path: { ws }, query: { limit: A_PAGE, cursor } };
        const page = await answered(api.GET("/api/v1/workspaces/{ws}/connections", { params }));
        found.push(...page.data);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return found;
    },
    refetchInterval: 15_000,
    refetchOnWindowFocus: true,
  });

/** The provider's page on which somebody agrees to a new connection, or again to one that is there. */
export async function begin(ws: string, to: { provider: string } | { again: string }): Promise<string> {
  const asked =
    "again" in to
      ? api.POST("/api/v1/workspaces/{ws}/connections/{id}", { params: { path: { ws, id: to.again } } })
      : api.POST("/api/v1/workspaces/{ws}/connections", { params: { path: { ws } }, body: to });
  return (await answered(asked)).url;
}
