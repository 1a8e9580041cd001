import { Modal, type ModalProps } from "@mantine/core";
import { useLayoutEffect, useRef } from "react";

interface Props extends ModalProps {
  /** The id of what has the focus afterwards, where that is not what opened it. */
  next?: string | undefined;
}

/**
 * A dialog. Afterwards the focus is where it was before; where the dialog was opened by its address alone, it is on the
 * link that leads to that address, or else on the page's heading. It is never lost, and taken from nothing else.
 */
export function Dialog({ opened, next, ...modal }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const wanted = useRef(next);
  useLayoutEffect(() => {
    wanted.current = next;
  }, [next]);
  useLayoutEffect(() => {
    if (!opened) return;
    const before = document.activeElement;
    const address = `${window.location.pathname}${window.location.search}`;
    return () => {
      // Once everything that closes it has been drawn.
      setTimeout(() => giveBack({ root: root.current, before, address, next: wanted.current }));
    };
  }, [opened]);
  return <Modal ref={root} opened={opened} returnFocus={false} {...modal} />;
}

interface Closed {
  root: HTMLElement | null;
  before: Element | null;
  address: string;
  next: string | undefined;
}

function giveBack({ root, before, address, next }: Closed) {
  const now = document.activeElement;
  if (now && now !== document.body && !root?.contains(now)) return;
  const heading = document.querySelector("h1");
  const opener = document.querySelector(`a[href="${CSS.escape(address)}"]`);
  const places = [next ? document.getElementById(next) : null, before === heading ? null : before, opener, heading];
  for (const place of places) {
    if (!(place instanceof HTMLElement) || !place.isConnected || place === document.body) continue;
    place.focus({ preventScroll: true });
    if (document.activeElement === place) return;
  }
}
