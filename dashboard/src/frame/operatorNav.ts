import {
  type Icon,
  IconBuildings,
  IconCoins,
  IconCpu,
  IconHeartbeat,
  IconLicense,
  IconPlugConnected,
} from "@tabler/icons-react";

interface Place {
  label: string;
  to:
    | "/operator/workspaces"
    | "/operator/plans"
    | "/operator/models"
    | "/operator/services"
    | "/operator/grants"
    | "/operator/health";
  Icon: Icon;
}

/** What the navigation of this area shows, from top to bottom. */
export const operatorPlaces: readonly Place[] = [
  { label: "Workspaces", to: "/operator/workspaces", Icon: IconBuildings },
  { label: "Plans", to: "/operator/plans", Icon: IconLicense },
  { label: "Models & prices", to: "/operator/models", Icon: IconCpu },
  { label: "Services", to: "/operator/services", Icon: IconPlugConnected },
  { label: "Grants", to: "/operator/grants", Icon: IconCoins },
  { label: "Health", to: "/operator/health", Icon: IconHeartbeat },
];
