import type { Icon } from "@tabler/icons-react";

/** Something that the palette finds. */
export interface Entry {
  id: string;
  group: "Pages" | "Actions" | "Models" | "Agents" | "API keys" | "Receipts" | "Workspaces";
  label: string;
  hint?: string;
  /** What else people call it. */
  words?: string;
  Icon: Icon;
  /** Whether it can't be done now; its hint says why. */
  isHeldBack?: boolean;
  run: () => void;
}

export interface Found {
  group: Entry["group"];
  entries: Entry[];
}

const SHOWN_OF_A_GROUP = 8;
/** While nothing is asked for, what there is to do, and not what there is. */
const unasked: readonly Entry["group"][] = ["Pages", "Actions", "Workspaces"];
const order: readonly Entry["group"][] = ["Receipts", "Pages", "Actions", "Workspaces", "Models", "Agents", "API keys"];

/** Entries that hold every word of the query, those first whose name begins with it. */
export function find(entries: readonly Entry[], query: string): Found[] {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = ({ label, words = "" }: Entry) => {
    const text = `${label} ${words}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  const rank = ({ label }: Entry) => (label.toLowerCase().startsWith(wanted[0] ?? "") ? 0 : 1);
  const found = entries.filter((entry) => (wanted.length === 0 ? unasked.includes(entry.group) : holds(entry)));
  const sorted = found.toSorted((a, b) => rank(a) - rank(b));
  return order.flatMap((group) => {
    const entries = sorted.filter((entry) => entry.group === group);
    return entries.length > 0 ? [{ group, entries: entries.slice(0, SHOWN_OF_A_GROUP) }] : [];
  });
}

/** The id of a receipt that was pasted. */
export function pastedReceipt(query: string): string | null {
  const text = query.trim();
  return /^req_[0-9a-z]{8,64}$/i.test(text) ? text : null;
}
