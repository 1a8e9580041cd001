import { AppShell, Burger, Container, Group, NavLink, Select, Stack, Text } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { type Here, HereContext, useSession } from "../session/context";
import { Empty } from "../ui/Empty";
import { FailurePanel } from "../ui/FailurePanel";
import { Loading } from "../ui/Loading";
import { Logo } from "../ui/Logo";
import { AccountMenu } from "./AccountMenu";
import { Connection } from "./Connection";
import { hereOf, workspaceQuery } from "./here";
import { navigation } from "./nav";
import { PayerStrip } from "./PayerStrip";

/** The frame around every page of a workspace. */
export function WorkspaceFrame() {
  const session = useSession();
  const { ws } = useParams({ from: "/signed-in/w/$ws" });
  const member =
    session.workspaces.find(({ id }) => id === ws) ?? (ws === "current" ? session.workspaces[0] : undefined);
  const visited = useQuery({ ...workspaceQuery(ws), enabled: !member && session.user.is_operator && ws !== "current" });
  const here = useMemo(() => hereOf(session, member, visited.data), [session, member, visited.data]);
  if (!here && visited.isError) return <FailurePanel error={visited.error} />;
  if (!here && visited.isLoading) return <Loading heights={[56, 400]} />;
  if (!here) return <NoWorkspace />;
  return (
    <HereContext value={here}>
      <Frame here={here} />
    </HereContext>
  );
}

function NoWorkspace() {
  return (
    <Container size="sm" py="xl">
      <Empty title="There is no such workspace">You are a member of none by this name. Ask whoever invited you.</Empty>
    </Container>
  );
}

function Frame({ here }: { here: Here }) {
  const [opened, drawer] = useDisclosure();
  const wide = useMediaQuery("(min-width: 48em)", true, { getInitialValueInEffect: false });
  const path = useLocation({ select: (location) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever the page changes, the drawer has served
  useEffect(drawer.close, [path]);
  return (
    <AppShell
      header={{ height: wide ? 56 : 52 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", sm: "lg" }}
    >
      <a className="skip" href="#content">
        Skip to content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={opened} onClick={drawer.toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Logo />
            <Text fw={600} truncate>
              {here.name}
            </Text>
          </Group>
          <Group gap="sm" wrap="nowrap">
            {wide && <PayerStrip />}
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" style={{ overflowY: "auto" }}>
        <Stack gap="md">
          {!wide && <PayerStrip />}
          <WorkspaceSwitch here={here} />
          <Navigation here={here} path={path} />
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="content">
        <Container size={1152} p={0}>
          <Connection />
          {here.asOperator && (
            <Text size="sm" mb="md" c="dimmed" role="note">
              You are looking at {here.name} as the operator. Changes are recorded in its audit log.
            </Text>
          )}
          <Outlet />
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

function WorkspaceSwitch({ here }: { here: Here }) {
  const { workspaces } = useSession();
  const navigate = useNavigate();
  if (workspaces.length < 2) return null;
  return (
    <Select
      aria-label="Workspace"
      data={workspaces.map(({ id, name }) => ({ value: id, label: name }))}
      value={here.id}
      allowDeselect={false}
      onChange={(ws) => ws && void navigate({ to: "/w/$ws", params: { ws }, search: {} })}
    />
  );
}

function Navigation({ here, path }: { here: Here; path: string }) {
  return navigation.map(({ heading, places }) => (
    <Stack key={heading} gap={2}>
      {heading && (
        <Text size="xs" c="dimmed" px="xs">
          {heading}
        </Text>
      )}
      {places.map(({ label, to, Icon }) => {
        const target = to.replace("/w/$ws", "");
        const inside = path.replace(/^\/w\/[^/]+/, "").replace(/\/$/, "");
        const active = target === "" ? inside === "" : inside.startsWith(target);
        return (
          <NavLink
            key={to}
            renderRoot={(props) => (
              <Link to={to} params={{ ws: here.id }} search={{}} activeOptions={{ exact: target === "" }} {...props} />
            )}
            label={label}
            leftSection={<Icon size={20} stroke={1.75} aria-hidden />}
            active={active}
            aria-current={active ? "page" : undefined}
            color="ink"
            variant="light"
          />
        );
      })}
    </Stack>
  ));
}
