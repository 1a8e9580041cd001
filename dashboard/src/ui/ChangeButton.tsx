import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { ComponentPropsWithoutRef } from "react";
import { useHeldBack } from "./useHeldBack";

interface Props extends ButtonProps, Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps> {
  /** Why this person may not, and who may. */
  denied?: string | undefined;
}

/** A button behind which something changes. Where that can't be now it can still be focused, and says why not. */
export function ChangeButton({ denied, onClick, ...button }: Props) {
  const reason = useHeldBack() ?? denied;
  return (
    <Tooltip label={reason} disabled={!reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...button}
        aria-disabled={reason !== undefined || button["aria-disabled"]}
        onClick={(event) => (reason === undefined ? onClick?.(event) : event.preventDefault())}
      />
    </Tooltip>
  );
}
