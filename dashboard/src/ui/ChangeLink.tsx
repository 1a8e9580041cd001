import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { Link, type LinkProps } from "@tanstack/react-router";
import { ChangeButton, OFFLINE } from "./ChangeButton";

interface Props extends ButtonProps {
  /** The address of the dialog in which something changes. */
  link: LinkProps;
  denied: string | undefined;
  "aria-label"?: string | undefined;
  children: string;
}

/** A link to a dialog in which something changes; it looks like a button and is one for whoever may not follow it. */
export function ChangeLink({ link, denied, ...button }: Props) {
  const { online } = useNetwork();
  if (denied !== undefined) return <ChangeButton {...button} denied={denied} />;
  return (
    <Tooltip label={OFFLINE} disabled={online} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...button}
        aria-disabled={!online}
        onClick={(event) => online || event.preventDefault()}
        renderRoot={(props) => <Link {...link} {...props} />}
      />
    </Tooltip>
  );
}
