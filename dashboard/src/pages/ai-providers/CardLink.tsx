import { Button } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";

interface Props {
  search: { add?: string; rotate?: string; disconnect?: string };
  denied: string | undefined;
  Icon?: Icon;
  label?: string;
  size?: "xs";
  children: string;
}

/** A button that opens a dialog, by its address. */
export function CardLink({ search, denied, Icon, label, children, ...size }: Props) {
  const { id: ws } = useHere();
  const icon = Icon && <Icon size={16} stroke={1.75} />;
  const look = { variant: "default", leftSection: icon, "aria-label": label, ...size };
  if (denied !== undefined) {
    return (
      <ChangeButton {...look} denied={denied}>
        {children}
      </ChangeButton>
    );
  }
  const to = "/w/$ws/settings/integrations/ai-providers";
  return (
    <Button {...look} renderRoot={(props) => <Link to={to} params={{ ws }} search={search} {...props} />}>
      {children}
    </Button>
  );
}
