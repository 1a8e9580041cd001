import { Container } from "@mantine/core";
import { type Icon, IconBuildings, IconCpu, IconLicense } from "@tabler/icons-react";
import { Outlet, useLocation } from "@tanstack/react-router";
import { useProduct, useSession } from "../session/context";
import { Denied } from "../ui/Denied";
import { AreaSwitch } from "./AreaSwitch";
import { PlaceLink } from "./PlaceLink";
import { Shell } from "./Shell";

interface Place {
  label: string;
  to: "/operator/workspaces" | "/operator/plans" | "/operator/models";
  Icon: Icon;
}

const places: readonly Place[] = [
  { label: "Workspaces", to: "/operator/workspaces", Icon: IconBuildings },
  { label: "Plans", to: "/operator/plans", Icon: IconLicense },
  { label: "Models and prices", to: "/operator/models", Icon: IconCpu },
];

/** The frame around the pages of whoever runs this installation. */
export function OperatorFrame() {
  const { user } = useSession();
  const product = useProduct();
  const path = useLocation({ select: ({ pathname }) => pathname });
  if (!user.is_operator) {
    return (
      <Container size="sm" py="xl">
        <Denied>Only operators of this installation can see this.</Denied>
      </Container>
    );
  }
  const navigation = (
    <>
      <AreaSwitch area="operator" />
      <div>
        {places.map(({ label, to, Icon }) => (
          <PlaceLink key={to} label={label} Icon={Icon} link={{ to, search: {} }} active={path.startsWith(to)} />
        ))}
      </div>
    </>
  );
  return (
    <Shell title={`${product} · Operator`} navigation={navigation}>
      <Outlet />
    </Shell>
  );
}
