import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import { Link, type LinkProps } from "@tanstack/react-router";
import { ChangeButton } from "./ChangeButton";
import { useHeldBack } from "./useHeldBack";

interface Props extends ButtonProps {
  /** The address of the dialog in which something changes. */
  link: LinkProps;
  denied: string | undefined;
  "aria-label"?: string | undefined;
  children: string;
}

/** A link to a dialog in which something changes; it looks like a button and is one for whoever may not follow it. */
export function ChangeLink({ link, denied, ...button }: Props) {
  const held = useHeldBack();
  if (denied !== undefined) return <ChangeButton {...button} denied={denied} />;
  return (
    <Tooltip label={held} disabled={!held} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...button}
        aria-disabled={held !== undefined}
        onClick={(event) => held === undefined || event.preventDefault()}
        renderRoot={(props) => <Link {...link} {...props} />}
      />
    </Tooltip>
  );
}
