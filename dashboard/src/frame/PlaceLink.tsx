import { NavLink } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import { Link, type LinkProps } from "@tanstack/react-router";

interface Props {
  label: string;
  Icon: Icon;
  link: LinkProps;
  active: boolean;
}

/** A place in the navigation. */
export function PlaceLink({ label, Icon, link, active }: Props) {
  return (
    <NavLink
      renderRoot={(props) => <Link {...link} activeOptions={{ exact: true }} {...props} />}
      label={label}
      leftSection={<Icon size={20} stroke={1.75} aria-hidden />}
      active={active}
      aria-current={active ? "page" : undefined}
      color="ink"
      variant="light"
    />
  );
}
