import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, type LinkProps, useLocation, useParams } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import type { Here } from "../session/context";
import { workspaceQuery } from "./here";
import { insideOf, isAt, navigation } from "./nav";
import { operatorPlaces } from "./operatorNav";

const ID_SHOWN = 12;

/** Where one is: the workspace, the part of it, the page. */
export function Crumbs({ here }: { here: Here }) {
  const inside = useLocation({ select: ({ pathname }) => insideOf(pathname) });
  const part = navigation.find(({ places }) => places.some(({ to }) => isAt(inside, to)));
  const place = part?.places.find(({ to }) => isAt(inside, to));
  const params = { ws: here.id };
  const steps = [
    <strong key="workspace">
      <Step label={here.name} to="/w/$ws" params={params} search={{}} />
    </strong>,
    ...(part?.heading?.split(" › ") ?? []),
  ];
  if (!place) return <Way steps={steps} />;
  const below = inside.slice(place.to.replace("/w/$ws", "").length + 1);
  const page = <Step key="page" label={place.label} to={place.to} params={params} search={{}} />;
  return <Way steps={[...steps, ...(below ? [page, shortened(below)] : [place.label])]} />;
}

/** The same on the pages of whoever runs this installation. */
export function OperatorCrumbs() {
  const path = useLocation({ select: ({ pathname }) => pathname.replace(/\/$/, "") });
  const { ws } = useParams({ strict: false });
  const workspace = useQuery({ ...workspaceQuery(ws ?? ""), enabled: ws !== undefined });
  const place = operatorPlaces.find(({ to }) => path === to || path.startsWith(`${to}/`));
  const area = (
    <strong key="operator">
      <Step label="Operator" to="/operator/workspaces" search={{}} />
    </strong>
  );
  if (!place) return <Way steps={[area, "Help"]} />;
  if (!ws) return <Way steps={[area, place.label]} />;
  const page = <Step key="page" label={place.label} to={place.to} search={{}} />;
  return <Way steps={[area, page, workspace.data?.name ?? shortened(ws)]} />;
}

function shortened(id: string): string {
  return `${id.slice(0, ID_SHOWN)}…`;
}

function Step({ label, ...link }: LinkProps & { label: string }) {
  return (
    <Anchor size="sm" underline="hover" renderRoot={(props) => <Link {...link} {...props} />}>
      {label}
    </Anchor>
  );
}

function Way({ steps }: { steps: readonly ReactNode[] }) {
  return (
    <Text component="nav" size="sm" truncate aria-label="Where you are">
      {steps.map((step, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the way to a page has its order and nothing else
        <Fragment key={at}>
          {at > 0 && (
            <Text span c="dimmed" aria-hidden>
              {" › "}
            </Text>
          )}
          <span aria-current={at === steps.length - 1 ? "page" : undefined}>{step}</span>
        </Fragment>
      ))}
    </Text>
  );
}
