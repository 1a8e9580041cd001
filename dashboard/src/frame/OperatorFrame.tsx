import { Box } from "@mantine/core";
import { IconArrowLeft, IconHelp } from "@tabler/icons-react";
import { Outlet, useLocation } from "@tanstack/react-router";
import { useProduct, useSession } from "../session/context";
import { Denied } from "../ui/Denied";
import { Page } from "../ui/Page";
import { AreaSwitch } from "./AreaSwitch";
import { OperatorCrumbs } from "./Crumbs";
import { operatorPlaces } from "./operatorNav";
import { PlaceLink } from "./PlaceLink";
import { Shell } from "./Shell";

/** The frame around the pages of whoever runs this installation. */
export function OperatorFrame() {
  const { user } = useSession();
  const product = useProduct();
  const path = useLocation({ select: ({ pathname }) => pathname });
  const page = operatorPlaces.find(({ to }) => path.startsWith(to))?.label;
  if (!user.is_operator) return <NotYours page={page ?? "Operator"} />;
  const navigation = (
    <>
      <AreaSwitch area="operator" />
      <div>
        {operatorPlaces.map(({ label, to, Icon }) => (
          <PlaceLink key={to} label={label} Icon={Icon} link={{ to, search: {} }} active={path.startsWith(to)} />
        ))}
      </div>
      <Box mt="auto">
        <PlaceLink label="Help" Icon={IconHelp} link={{ to: "/operator/help" }} active={path === "/operator/help"} />
      </Box>
    </>
  );
  return (
    <Shell title={`${product} · Operator`} page={page} crumbs={<OperatorCrumbs />} navigation={navigation}>
      <Outlet />
    </Shell>
  );
}

/** One of these pages for who is no operator: what it is, who can see it, and the way back. */
function NotYours({ page }: { page: string }) {
  const product = useProduct();
  const home = <PlaceLink label="Your workspace" Icon={IconArrowLeft} link={{ to: "/" }} active={false} />;
  return (
    <Shell title={product} page={page} navigation={home}>
      <Page title={page} purpose={`Part of what runs ${product} for everybody.`} within="Operator">
        <Denied>Only operators of this installation can see this.</Denied>
      </Page>
    </Shell>
  );
}
