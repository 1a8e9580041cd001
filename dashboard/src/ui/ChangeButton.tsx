import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import type { ComponentPropsWithoutRef } from "react";

/** Why nothing changes while there is no connection. */
export const OFFLINE = "You're offline. Nothing is sent until the connection is back.";

interface Props extends ButtonProps, Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps> {
  /** Why this person may not, and who may. */
  denied?: string | undefined;
}

/** A button behind which something changes. Where that can't be now it can still be focused, and says why not. */
export function ChangeButton({ denied, onClick, ...button }: Props) {
  const { online } = useNetwork();
  const reason = online ? denied : OFFLINE;
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
