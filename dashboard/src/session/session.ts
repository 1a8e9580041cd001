import { queryOptions } from "@tanstack/react-query";
import { Failure, problemOf } from "../api/failure";

/** A workspace as its member sees it. */
export interface Membership {
  id: string;
  name: string;
  plan: string;
  role: string;
  permissions: string[];
}

/** Who is signed in, and what he may do where. The server decides; the page repeats. */
export interface Session {
  user: { id: string; name: string; email: string };
  operator: boolean;
  workspaces: Membership[];
  product: string;
}

/** The session's answer before somebody has signed in is a 401, which is an answer: nobody. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return await send<Session>("GET", "/api/v1/session");
    } catch (error) {
      if (error instanceof Failure && error.signedOut) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

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

export function signOut(): Promise<void> {
  return send("POST", "/api/v1/logout");
}
