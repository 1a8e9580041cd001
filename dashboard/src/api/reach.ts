import { useSyncExternalStore } from "react";

// Whether the server answered when it was last asked. One that did not is asked until it does: nothing else might, and
// what changes something waits for it.

const ASK_AGAIN_MS = 3_000;

let reached = true;
let asking: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tell(now: boolean) {
  if (now === reached) return;
  reached = now;
  clearInterval(asking);
  if (!now) asking = setInterval(ask, ASK_AGAIN_MS);
  for (const listener of listeners) listener();
}

function ask() {
  void fetch("/api/v1/session", { cache: "no-store" }).then(answeredNow, () => {});
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
