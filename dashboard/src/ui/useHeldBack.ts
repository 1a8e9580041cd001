import { useNetwork } from "@mantine/hooks";
import { useReached } from "../api/reach";

const OFFLINE = "You're offline. Nothing is sent until the connection is back.";
const AWAY = "We can't reach the server. Nothing is sent until it is back.";

/** Why nothing can be changed now, whoever one is; nothing while it can. */
export function useHeldBack(): string | undefined {
  const { online } = useNetwork();
  const reached = useReached();
  if (!online) return OFFLINE;
  return reached ? undefined : AWAY;
}
