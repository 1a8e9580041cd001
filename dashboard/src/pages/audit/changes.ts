/** One thing that an event noted: what it was, if that is known, and what it became. */
export interface Change {
  name: string;
  before?: string | undefined;
  after?: string | undefined;
}

/** What an event's detail tells, one line for each of its members; `before` has what they were. */
export function changes(detail: unknown): Change[] {
  if (!isObject(detail)) return [];
  const { before, ...after } = detail;
  if ("from" in after && "to" in after) {
    const { from, to, ...rest } = after;
    return [{ name: "value", before: text(from), after: text(to) }, ...changes(rest)];
  }
  const was = isObject(before) ? before : {};
  const names = [...new Set([...Object.keys(after), ...Object.keys(was)])];
  return names.flatMap((name) => {
    const [old, now] = [was[name], after[name]];
    if (isObject(old) || isObject(now)) {
      return within(name, isObject(old) ? old : {}, isObject(now) ? now : {});
    }
    return [{ name: spaced(name), before: text(old), after: text(now) }];
  });
}

function within(name: string, before: Record<string, unknown>, after: Record<string, unknown>): Change[] {
  return changes({ ...after, before }).map((change) => ({ ...change, name: `${spaced(name)}: ${change.name}` }));
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((one) => text(one)).join(", ") || "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function spaced(name: string): string {
  return name.replaceAll("_", " ");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
