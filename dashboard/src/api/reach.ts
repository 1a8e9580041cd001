import { useSyncExternalStore } from "react";

// Whether the server answered when it was last asked.

let reached = true;
const listeners = new Set<() => void>();

function tell(now: boolean) {
  if (now === reached) return;
  reached = now;
  for (const listener of listeners) listener();
}

/** The server has answered, whatever it said. */
export const answeredNow = () => tell(true);

/** There was no answer at all. */
export const silentNow = () => tell(false);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useReached(): boolean {
  return useSyncExternalStore(subscribe, () => reached);
}
