import { queryOptions } from "@tanstack/react-query";
import { api, type Workspace } from "../api/client";
import { answered } from "../api/failure";
import type { Here } from "../session/context";
import type { Membership, Session } from "../session/session";

/** A workspace by its id, as the operator may ask for any. */
export const workspaceQuery = (ws: string) =>
  queryOptions({
    queryKey: [ws, "workspace"],
    queryFn: () => answered(api.GET("/api/v1/workspaces/{ws}", { params: { path: { ws } } })),
  });

/** The workspace a page is about: one the person belongs to, or one that the operator looks at. */
export function hereOf(session: Session, member: Membership | undefined, visited: Workspace | undefined): Here | null {
  if (member) {
    const { id, name, plan, permissions } = member;
    return { id, name, plan, may: (route) => permissions.includes(route), asOperator: false };
  }
  if (visited) {
    const { id, name, plan } = visited;
    return { id, name, plan, may: (route) => session.permissions.includes(route), asOperator: true };
  }
  return null;
}
