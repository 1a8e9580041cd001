import { Anchor, Text } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import type { Here } from "../session/context";
import { insideOf, isAt, navigation } from "./nav";

const ID_SHOWN = 12;

/** Where one is: the workspace, the part of it, the page. */
export function Crumbs({ here }: { here: Here }) {
  const inside = useLocation({ select: ({ pathname }) => insideOf(pathname) });
  const part = navigation.find(({ places }) => places.some(({ to }) => isAt(inside, to)));
  const place = part?.places.find(({ to }) => isAt(inside, to));
  const below = place ? inside.slice(place.to.replace("/w/$ws", "").length + 1) : "";
  const to = (label: string, to: "/w/$ws" | NonNullable<typeof place>["to"]) => (
    <Anchor
      size="sm"
      underline="hover"
      renderRoot={(props) => <Link to={to} params={{ ws: here.id }} search={{}} {...props} />}
    >
      {label}
    </Anchor>
  );
  const steps: ReactNode[] = [
    <strong key="workspace">{to(here.name, "/w/$ws")}</strong>,
    ...(part?.heading?.split(" › ") ?? []),
    place && (below ? to(place.label, place.to) : place.label),
    below && `${below.slice(0, ID_SHOWN)}…`,
  ].filter(Boolean);
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
