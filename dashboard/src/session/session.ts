import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { Failure, problemOf } from "../api/failure";

/** A workspace that the person is a member of. */
export interface Membership {
  id: string;
  name: string;
  plan: string;
  role: string;
  permissions: string[];
}

/** Who is signed in, and what he may do where: routes of the API, by their names. */
export interface Session {
  user: { id: string; name: string; mail: string; is_operator: boolean };
  product: { name: string };
  permissions: string[];
  workspaces: Membership[];
}

const PATH = "/api/v1/session";

/** That nobody is signed in is an answer too. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return await send<Session>("GET", PATH);
    } catch (error) {
      if (error instanceof Failure && error.signedOut) return null;
      throw error;
    }
  },
  staleTime: 60_000,
  refetchOnWindowFocus: true,
});

/** From now on that session is the one pages see. */
export function begin(queries: QueryClient, session: Session): void {
  queries.setQueryData(sessionQuery.queryKey, session);
}

export function signOut(): Promise<void> {
  return send("DELETE", PATH);
}

/** A request whose body may hold a secret: it is kept nowhere. */
export async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  const response = await fetch(path, init).catch(() => {
    throw Failure.unreachable();
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  throw new Failure(problemOf(answer, response), response.headers.get("x-request-id"));
}
