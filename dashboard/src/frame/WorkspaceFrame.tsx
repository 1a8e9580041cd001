import { Group, Select, Stack, Text } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { type Here, HereContext, useProduct, useSession } from "../session/context";
import { FailurePanel } from "../ui/FailurePanel";
import { Loading } from "../ui/Loading";
import { Page } from "../ui/Page";
import { AreaSwitch } from "./AreaSwitch";
import { CreditsPill } from "./CreditsPill";
import { Crumbs } from "./Crumbs";
import { hereOf, workspaceQuery } from "./here";
import { insideOf, isAt, navigation, placeAt } from "./nav";
import { PayerStrip } from "./PayerStrip";
import { PlaceLink } from "./PlaceLink";
import { Shell } from "./Shell";

/** The frame around every page of a workspace. */
export function WorkspaceFrame() {
  const session = useSession();
  const { ws } = useParams({ from: "/signed-in/w/$ws" });
  const member =
    session.workspaces.find(({ id }) => id === ws) ?? (ws === "current" ? session.workspaces[0] : undefined);
  const visited = useQuery({
    ...workspaceQuery(ws),
    enabled: !member && session.user.is_operator && ws !== "current",
  });
  useOwnAddress(ws, member?.id);
  const here = useMemo(() => hereOf(session, member, visited.data), [session, member, visited.data]);
  if (here) {
    return (
      <HereContext value={here}>
        <Framed here={here} />
      </HereContext>
    );
  }
  if (visited.isLoading) return <Loading heights={[56, 400]} />;
  return <NoWorkspace error={visited.error} />;
}

/** People send each other links, and `current` is another workspace to the next one: the address names this one. */
function useOwnAddress(ws: string, id: string | undefined) {
  const { history } = useRouter();
  const href = useLocation({ select: ({ href }) => href });
  useEffect(() => {
    if (ws === "current" && id) history.replace(href.replace("/w/current", `/w/${id}`));
  }, [ws, id, href, history]);
}

function NoWorkspace({ error }: { error: unknown }) {
  const product = useProduct();
  const home = <PlaceLink label="Your workspace" Icon={IconArrowLeft} link={{ to: "/" }} active={false} />;
  return (
    <Shell title={product} navigation={home}>
      <Page
        title="There is no such workspace"
        purpose="You are a member of none by this name. Ask whoever sent you the link to invite you."
      >
        {error !== null && <FailurePanel error={error} />}
      </Page>
    </Shell>
  );
}

function Framed({ here }: { here: Here }) {
  const page = useLocation({ select: ({ pathname }) => placeAt(insideOf(pathname))?.label });
  return (
    <Shell
      title={here.name}
      page={page}
      crumbs={<Crumbs here={here} />}
      strip={<Strip />}
      navigation={<Navigation here={here} />}
    >
      {here.asOperator && (
        <Text size="sm" mb="md" c="dimmed" role="note">
          You are looking at {here.name} as the operator. Changes are recorded in its audit log.
        </Text>
      )}
      <Outlet />
    </Shell>
  );
}

/** Who pays and what is left, in a line of chips. */
function Strip() {
  return (
    <Group gap={6}>
      <PayerStrip />
      <CreditsPill />
    </Group>
  );
}

function Navigation({ here }: { here: Here }) {
  const inside = useLocation({ select: ({ pathname }) => insideOf(pathname) });
  return (
    <>
      <AreaSwitch area="workspace" />
      <WorkspaceSwitch here={here} />
      {navigation.map(({ heading, foot, places }) => (
        <Stack key={places[0]?.to} gap={2} mt={foot ? "auto" : undefined}>
          {heading && (
            <Text size="xs" c="dimmed" px="xs">
              {heading}
            </Text>
          )}
          {places.map(({ label, to, Icon }) => {
            const active = isAt(inside, to);
            const link = { to, params: { ws: here.id }, search: {} };
            return <PlaceLink key={to} label={label} Icon={Icon} link={link} active={active} />;
          })}
        </Stack>
      ))}
    </>
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
