import { createContext, useContext } from "react";
import type { Route } from "./rights";
import type { Session } from "./session";

/** The workspace a page is about, and what the person may do in it. */
export interface Here {
  id: string;
  name: string;
  plan: string;
  may: (route: Route) => boolean;
  /** Looks on as the operator, without being a member. */
  asOperator: boolean;
}

export const SessionContext = createContext<Session | null>(null);
export const HereContext = createContext<Here | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("a page that needs a session is shown without one");
  return session;
}

export function useHere(): Here {
  const here = useContext(HereContext);
  if (!here) throw new Error("a page of a workspace is shown without one");
  return here;
}

/** The operator's name for the product. Before anybody is signed in it is known from the page itself. */
export function useProduct(): string {
  const session = useContext(SessionContext);
  return session?.product.name ?? document.querySelector<HTMLMetaElement>("meta[name=application-name]")?.content ?? "";
}
