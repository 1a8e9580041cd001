import type { Icon } from "@tabler/icons-react";
import { useHere } from "../../session/context";
import { ChangeLink } from "../../ui/ChangeLink";

interface Props {
  search: { add?: string; rotate?: string; disconnect?: string };
  denied: string | undefined;
  Icon?: Icon;
  label?: string;
  size?: "xs";
  children: string;
}

/** A button that opens a dialog of the page, by its address. */
export function CardLink({ search, Icon, label, ...button }: Props) {
  const { id: ws } = useHere();
  return (
    <ChangeLink
      variant="default"
      leftSection={Icon && <Icon size={16} stroke={1.75} />}
      aria-label={label}
      link={{ to: "/w/$ws/settings/integrations/ai-providers", params: { ws }, search }}
      {...button}
    />
  );
}
