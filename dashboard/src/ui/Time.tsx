import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { clockOrDay, exact, relative } from "../format/time";

const TICK_MS = 5_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  now = Date.now();
  for (const listener of listeners) listener();
}

/** All times on a page share one timer. */
function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** The time now, moving on every few seconds. */
export function useNow(): Date {
  return new Date(useSyncExternalStore(subscribe, () => now));
}

interface Props {
  at: string;
  /** As what follows "since" or "until": the clock time, before today the day as well. */
  since?: boolean;
}

/** A moment, relative; the exact one on hover and focus. */
export function Time({ at, since = false }: Props) {
  const moment = new Date(at);
  const shownNow = useNow();
  // What happened since the last tick is not in the future.
  const reference = moment > shownNow && moment.getTime() < Date.now() ? moment : shownNow;
  return (
    <Tooltip label={exact(moment)} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={at}>{since ? clockOrDay(moment, reference) : relative(moment, reference)}</time>
    </Tooltip>
  );
}
