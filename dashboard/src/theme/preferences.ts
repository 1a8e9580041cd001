import { useSyncExternalStore } from "react";
import { setZone } from "../format/time";

/** How somebody wants pages to look, in this browser. (The theme is kept by the library.) */
export interface Preferences {
  density: "comfortable" | "compact";
  /** A name such as `Europe/Berlin`; empty is the browser's own. */
  zone: string;
  motion: "system" | "reduced";
}

const KEY = "ownkey-preferences";
const usual: Preferences = { density: "comfortable", zone: "", motion: "system" };
const listeners = new Set<() => void>();
let current = stored();

function stored(): Preferences {
  try {
    const { density, zone, motion } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
    return {
      density: density === "compact" ? density : usual.density,
      zone: typeof zone === "string" && isZone(zone) ? zone : usual.zone,
      motion: motion === "reduced" ? motion : usual.motion,
    };
  } catch {
    // Storage may be forbidden, or hold what nobody understands.
    return usual;
  }
}

function isZone(name: string): boolean {
  return name === "UTC" || Intl.supportedValuesOf("timeZone").includes(name);
}

/** Has pages look as is wished. */
export function applyPreferences(): void {
  const { density, zone, motion } = current;
  document.documentElement.dataset.density = density;
  document.documentElement.dataset.motion = motion;
  setZone(zone || undefined);
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  applyPreferences();
  for (const listener of listeners) listener();
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // It then holds until the page is closed.
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}
