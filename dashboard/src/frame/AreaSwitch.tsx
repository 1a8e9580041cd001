import { SegmentedControl } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useSession } from "../session/context";

type Area = "workspace" | "operator";

const areas = [
  { value: "workspace", label: "Workspace" },
  { value: "operator", label: "Operator" },
] satisfies { value: Area; label: string }[];

/** Between what belongs to a workspace and what belongs to the installation; only for who has both. */
export function AreaSwitch({ area }: { area: Area }) {
  const { user, workspaces } = useSession();
  const navigate = useNavigate();
  if (!user.is_operator || (area === "operator" && workspaces.length === 0)) return null;
  function go(to: Area) {
    if (to === "operator") return navigate({ to: "/operator/workspaces", search: {} });
    return navigate({ to: "/w/$ws", params: { ws: "current" }, search: {} });
  }
  return <SegmentedControl aria-label="Area" data={areas} value={area} onChange={(to) => void go(to)} fullWidth />;
}
