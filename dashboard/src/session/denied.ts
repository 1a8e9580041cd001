import { useQuery } from "@tanstack/react-query";
import { membersQuery } from "../api/queries";
import { listed } from "../format/listed";
import { useHere } from "./context";

const ROLES = ["viewer", "member", "admin", "owner"] as const;
const NAMED_MAX = 4;

/** Why a person may not do something here, and who may: whoever has at least that role. Nothing if he may. */
export function useDenied(may: boolean, least: (typeof ROLES)[number], why: string): string | undefined {
  const here = useHere();
  const members = useQuery({ ...membersQuery(here.id), enabled: !may });
  if (may) return undefined;
  const able: readonly string[] = ROLES.slice(ROLES.indexOf(least));
  const names = members.data?.filter(({ role, you }) => able.includes(role) && !you).map(({ name }) => name);
  if (!names) return why;
  return `${why} Ask ${names.length > 0 ? listed(shortened([...new Set(names)]), "or") : "the operator"}.`;
}

function shortened(names: readonly string[]): readonly string[] {
  const more = names.length - NAMED_MAX;
  return more > 1 ? [...names.slice(0, NAMED_MAX), `${more} others`] : names;
}
