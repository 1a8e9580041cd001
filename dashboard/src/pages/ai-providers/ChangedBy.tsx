import { useSession } from "../../session/context";
import { Actor } from "../../ui/Actor";

/** Who changed a key elsewhere: it was not done in this window. */
export function ChangedBy({ id }: { id: string }) {
  const { user } = useSession();
  return id === user.id ? "you in another window" : <Actor id={id} />;
}
