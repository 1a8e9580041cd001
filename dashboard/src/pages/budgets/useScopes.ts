import { useQuery } from "@tanstack/react-query";
import { agentsQuery, apiKeysQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { scopes } from "./sentence";

/** Which calls a budget of this workspace can be about. */
export function useScopes() {
  const here = useHere();
  const agents = useQuery(agentsQuery(here.id));
  const keys = useQuery(apiKeysQuery(here.id));
  return scopes(
    (agents.data ?? []).map(({ name }) => name),
    keys.data ?? [],
  );
}
