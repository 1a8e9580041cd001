import { Navigate } from "@tanstack/react-router";
import { useSession } from "../session/context";

/** Where one lands: in the workspace one has, or among all of them. */
export function Start() {
  const { user, workspaces } = useSession();
  if (workspaces.length === 0 && user.is_operator) return <Navigate to="/operator/workspaces" search={{}} replace />;
  return <Navigate to="/w/$ws" params={{ ws: "current" }} search={{}} replace />;
}
