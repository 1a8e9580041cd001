import type { QueryClient } from "@tanstack/react-query";
import { useLayoutEffect, useSyncExternalStore } from "react";
import { api, type ProviderKey, type Verdict } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { keysQuery } from "../../api/queries";

// Keys that are being saved. This outlives the dialog in which a key was pasted: its test goes on when that is closed,
// and the card says what came of it. The key itself is in the request and nowhere here.

/** How the saving of a key stands. */
export type Saving =
  | { kind: "none" }
  | { kind: "testing" }
  | { kind: "stored"; key: ProviderKey; replaced: string | null; at: Date }
  | { kind: "refused"; verdict: Verdict }
  | { kind: "failed"; error: unknown };

const NONE: Saving = { kind: "none" };
const savings = new Map<string, Saving>();
/** Those that a dialog shows. */
const watched = new Set<string>();
const listeners = new Set<() => void>();

function place(ws: string, provider: string): string {
  return `${ws} ${provider}`;
}

function tell() {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function settle(at: string, saving: Saving) {
  savings.set(at, saving);
  tell();
}

/** Forgets what a test came to; one that runs goes on. */
export function forgetSaving(ws: string, provider: string) {
  const at = place(ws, provider);
  if (savings.get(at)?.kind !== "testing") settle(at, NONE);
}

/** The saving of a key as the dialog shows it. What came of an earlier one has been read by then. */
export function useWatchedSaving(ws: string, provider: string): Saving {
  const at = place(ws, provider);
  useLayoutEffect(() => {
    watched.add(at);
    forgetSaving(ws, provider);
    return () => {
      watched.delete(at);
      forgetSaving(ws, provider);
    };
  }, [at, ws, provider]);
  return useSyncExternalStore(subscribe, () => savings.get(at) ?? NONE);
}

/** The saving of a key that no dialog shows. */
export function useUnwatchedSaving(ws: string, provider: string): Saving {
  const at = place(ws, provider);
  return useSyncExternalStore(subscribe, () => (watched.has(at) ? NONE : (savings.get(at) ?? NONE)));
}

interface Asked {
  ws: string;
  provider: string;
  key: string;
  /** The key that is there now. */
  replaced: string | null;
  saveUnverified: boolean;
}

/** Has a key tested and saved. */
export async function saveKey(queries: QueryClient, asked: Asked): Promise<Saving> {
  const { ws, provider, key, replaced, saveUnverified } = asked;
  const at = place(ws, provider);
  settle(at, { kind: "testing" });
  const asking = api.PUT("/api/v1/workspaces/{ws}/provider-keys/{provider}", {
    params: { path: { ws, provider } },
    body: { key, save_unverified: saveUnverified },
  });
  const came = await answered(asking).then(
    (key): Saving => ({ kind: "stored", key, replaced, at: new Date() }),
    (error: unknown): Saving => {
      const verdict = error instanceof Failure ? error.problem.verdict : undefined;
      return verdict ? { kind: "refused", verdict } : { kind: "failed", error };
    },
  );
  if (came.kind === "stored") {
    // The card shows it before the dialog does, so whatever closes finds the card as it will be.
    queries.setQueryData(keysQuery(ws).queryKey, (keys) =>
      keys?.map((one) => (one.provider === provider ? came.key : one)),
    );
  }
  settle(at, came);
  void queries.invalidateQueries(keysQuery(ws));
  return came;
}
