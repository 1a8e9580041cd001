// What this tab has changed itself, so that a page can tell changes of others apart.

const counts = new Map<string, number>();

/** This tab asks to change what lies at that path. */
export function noteWrite(path: string): void {
  counts.set(path, writesTo(path) + 1);
}

/** How often this tab has asked to. */
export function writesTo(path: string): number {
  return counts.get(path) ?? 0;
}
