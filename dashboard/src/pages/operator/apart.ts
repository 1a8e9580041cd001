interface Named {
  id: string;
  name: string;
  external_id?: string | null;
}

/** How an id ends: it begins with the time, so that those of one day begin alike. */
export function endOf(id: string): string {
  return `${id.slice(0, id.indexOf("_") + 1)}…${id.slice(-6)}`;
}

/** Workspaces to choose from. Who shares his name with another goes by an id besides. */
export function apart(workspaces: readonly Named[]): { value: string; label: string }[] {
  const shared = (name: string) => workspaces.filter((other) => other.name === name).length > 1;
  return workspaces.map((one) => ({
    value: one.id,
    label: shared(one.name) ? `${one.name} (${idOf(one)})` : one.name,
  }));
}

/** The id that the operator gave it, else how ours ends. */
function idOf({ id, external_id }: Named): string {
  return external_id ?? endOf(id);
}
