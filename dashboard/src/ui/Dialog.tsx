import { Modal, type ModalProps } from "@mantine/core";
import { useLayoutEffect, useRef } from "react";

interface Props extends ModalProps {
  /** The id of what has the focus afterwards, where that is not what opened it. */
  next?: string | undefined;
}

/**
 * A dialog. Afterwards the focus is where it was before; where the dialog was opened by its address alone, it is on the
 * link that leads to that address, or else on the page's heading. It is never lost.
 */
export function Dialog({ opened, next, ...modal }: Props) {
  const before = useRef<Element | null>(null);
  const address = useRef("");
  useLayoutEffect(() => {
    if (!opened) return;
    before.current = document.activeElement;
    address.current = `${window.location.pathname}${window.location.search}`;
  }, [opened]);

  function giveBack() {
    const heading = document.querySelector("h1");
    const opener = document.querySelector(`a[href="${CSS.escape(address.current)}"]`);
    const was = before.current === heading ? null : before.current;
    const places = [next ? document.getElementById(next) : null, was, opener, heading];
    for (const place of places) {
      if (!(place instanceof HTMLElement) || !place.isConnected) continue;
      place.focus({ preventScroll: true });
      if (document.activeElement === place && place !== document.body) return;
    }
  }

  return <Modal opened={opened} returnFocus={false} onExitTransitionEnd={giveBack} {...modal} />;
}
