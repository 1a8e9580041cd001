import {
  type Icon,
  IconBarrierBlock,
  IconBell,
  IconChartBar,
  IconGauge,
  IconHelp,
  IconHistory,
  IconKey,
  IconLink,
  IconMessage,
  IconPlugConnected,
  IconReceipt,
  IconRobot,
  IconScale,
  IconUsers,
  IconWallet,
} from "@tabler/icons-react";

export interface Place {
  label: string;
  to:
    | "/w/$ws"
    | "/w/$ws/playground"
    | "/w/$ws/settings/members"
    | "/w/$ws/help"
    | "/w/$ws/usage"
    | "/w/$ws/receipts"
    | "/w/$ws/settings/integrations/ai-providers"
    | "/w/$ws/settings/integrations/connections"
    | "/w/$ws/settings/who-pays"
    | "/w/$ws/settings/agents"
    | "/w/$ws/settings/api-keys"
    | "/w/$ws/settings/notifications"
    | "/w/$ws/settings/audit"
    | "/w/$ws/settings/billing"
    | "/w/$ws/settings/budgets";
  Icon: Icon;
}

export interface Places {
  heading: string | null;
  /** Whether it stands below everything else. */
  foot?: true;
  places: readonly Place[];
}

/** What the navigation shows, from top to bottom. */
export const navigation: readonly Places[] = [
  {
    heading: null,
    places: [
      { label: "Overview", to: "/w/$ws", Icon: IconGauge },
      { label: "Playground", to: "/w/$ws/playground", Icon: IconMessage },
      { label: "Usage", to: "/w/$ws/usage", Icon: IconChartBar },
      { label: "Receipts", to: "/w/$ws/receipts", Icon: IconReceipt },
    ],
  },
  {
    heading: "Settings › Integrations",
    places: [
      { label: "AI Providers", to: "/w/$ws/settings/integrations/ai-providers", Icon: IconPlugConnected },
      { label: "Connections", to: "/w/$ws/settings/integrations/connections", Icon: IconLink },
    ],
  },
  {
    heading: "Settings",
    places: [
      { label: "Who pays", to: "/w/$ws/settings/who-pays", Icon: IconScale },
      { label: "Agents", to: "/w/$ws/settings/agents", Icon: IconRobot },
      { label: "Budgets", to: "/w/$ws/settings/budgets", Icon: IconBarrierBlock },
      { label: "API keys", to: "/w/$ws/settings/api-keys", Icon: IconKey },
      { label: "Notifications", to: "/w/$ws/settings/notifications", Icon: IconBell },
    ],
  },
  {
    heading: "Workspace",
    places: [
      { label: "Credits & billing", to: "/w/$ws/settings/billing", Icon: IconWallet },
      { label: "Members", to: "/w/$ws/settings/members", Icon: IconUsers },
      { label: "Audit log", to: "/w/$ws/settings/audit", Icon: IconHistory },
    ],
  },
  { heading: null, foot: true, places: [{ label: "Help", to: "/w/$ws/help", Icon: IconHelp }] },
];

/** A path without its workspace. */
export function insideOf(path: string): string {
  return path.replace(/^\/w\/[^/]+/, "").replace(/\/$/, "");
}

/** The place a path within a workspace belongs to. */
export function placeAt(inside: string): Place | undefined {
  return navigation.flatMap(({ places }) => places).find(({ to }) => isAt(inside, to));
}

/** Whether a path within a workspace is at that place, or below it. */
export function isAt(inside: string, to: Place["to"]): boolean {
  const target = to.replace("/w/$ws", "");
  return target === "" ? inside === "" : inside === target || inside.startsWith(`${target}/`);
}
