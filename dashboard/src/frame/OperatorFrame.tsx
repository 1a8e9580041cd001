import { Box, Container } from "@mantine/core";
import { IconHelp } from "@tabler/icons-react";
import { Outlet, useLocation } from "@tanstack/react-router";
import { useProduct, useSession } from "../session/context";
import { Denied } from "../ui/Denied";
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
    <Shell title={`${product} · Operator`} crumbs={<OperatorCrumbs />} navigation={navigation}>
      <Outlet />
    </Shell>
  );
}
