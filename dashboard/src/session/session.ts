import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../api/client";
import { answered, Failure } from "../api/failure";

/** Who is signed in, and what he may do where: routes of the API, by their names. */
export type Session = Schemas["Session"];
/** A workspace that the person is a member of. */
export type Membership = Schemas["SessionWorkspace"];

/** That nobody is signed in is an answer too. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return await answered(api.GET("/api/v1/session"));
    } catch (error) {
      if (error instanceof Failure && error.signedOut) return null;
      throw error;
    }
  },
  staleTime: 60_000,
  refetchOnWindowFocus: true,
});

/** Whether the session has ended under the page: what is secret goes, what is not stays until somebody signs in again. */
export function useHasEnded(): boolean {
  return useQuery({ ...sessionQuery, enabled: false }).data === null;
}

/** From now on that session is the one pages see. */
export function begin(queries: QueryClient, session: Session): void {
  queries.setQueryData(sessionQuery.queryKey, session);
}

export async function signOut(): Promise<void> {
  await answered(api.DELETE("/api/v1/session"));
}
