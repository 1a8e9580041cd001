import { queryOptions } from "@tanstack/react-query";
import { send } from "../session/session";

export interface Member {
  id: string;
  name: string;
  role: string;
  since: string;
  you: boolean;
  mail: string | null;
  last_seen_at: string | null;
}

export const membersQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "members"],
    queryFn: async () => (await send<{ data: Member[] }>("GET", `/api/v1/workspaces/${ws}/members`)).data,
    refetchInterval: 60_000,
  });
