import { useQuery } from "@tanstack/react-query";
import { apiKeysQuery, membersQuery } from "../api/queries";
import { useHere, useProduct } from "../session/context";

/** Who did something, by the name people know him by. */
export function Actor({ id }: { id: string }) {
  const here = useHere();
  const product = useProduct();
  const members = useQuery({ ...membersQuery(here.id), enabled: id.startsWith("usr_") });
  const keys = useQuery({ ...apiKeysQuery(here.id), enabled: id.startsWith("key_") });
  if (id === "operator") return "the operator";
  if (id === "system") return `${product} itself`;
  const key = keys.data?.find((key) => key.id === id);
  if (key) return `API key ${key.name}`;
  return members.data?.find((member) => member.id === id)?.name ?? id.slice(0, 12);
}
