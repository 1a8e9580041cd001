import type { Provider } from "../../api/client";

const KEY_LENGTH_MIN = 20;
const OUR_PREFIX = "ok_";
const ADMIN = { what: "an admin key", purpose: "manage the account" };
const SIGN_IN = { what: "a sign-in key", purpose: "sign in" };
const NOT_FOR_CALLS = [
  { prefix: "sk-ant-admin", owner: "anthropic", ...ADMIN },
  { prefix: "sk-ant-oat", owner: "anthropic", ...SIGN_IN },
  { prefix: "sk-admin-", owner: "openai", ...ADMIN },
];
const QUOTES = /^["'`“”‘’]+|["'`“”‘’]+$/g;

/** A pasted text without what is around the key, and what that was. */
export function clean(text: string): { key: string; removed: string | null } {
  const trimmed = text.replace(/^\s+|\s+$/g, "");
  const key = trimmed.replace(QUOTES, "").replace(/^\s+|\s+$/g, "");
  if (key.length < trimmed.length) return { key, removed: "the quotes" };
  return { key, removed: trimmed.length < text.length ? "the spaces" : null };
}

/** What can be said of a key's form without asking anybody. */
export type Hunch =
  | { kind: "none" }
  | { kind: "ours" }
  | { kind: "other"; provider: Provider; prefix: string }
  | { kind: "not_for_calls"; what: string; purpose: string }
  | { kind: "malformed"; why: string };

export function hunch(key: string, wanted: Provider, all: readonly Provider[]): Hunch {
  if (key.startsWith(OUR_PREFIX)) return { kind: "ours" };
  const other = NOT_FOR_CALLS.find(({ prefix, owner }) => owner === wanted.id && key.startsWith(prefix));
  if (other) return { kind: "not_for_calls", what: other.what, purpose: other.purpose };
  const owner = ownerOf(key, all);
  if (owner && owner.provider.id !== wanted.id) return { kind: "other", ...owner };
  return { kind: "none" };
}

/** What is only worth saying once nobody types any more. */
export function wholeness(key: string): Hunch {
  if (/\s/.test(key)) return { kind: "malformed", why: "It has a space inside." };
  if (key.length < KEY_LENGTH_MIN) {
    return { kind: "malformed", why: `It is only ${key.length} characters long.` };
  }
  return { kind: "none" };
}

/** The provider whose prefix fits the key best. */
function ownerOf(key: string, all: readonly Provider[]) {
  const fitting = all.flatMap((provider) =>
    prefixes(provider)
      .filter((prefix) => key.startsWith(prefix))
      .map((prefix) => ({ provider, prefix })),
  );
  return fitting.sort((a, b) => b.prefix.length - a.prefix.length)[0];
}

function prefixes(provider: Provider): string[] {
  return provider.key_prefixes.split(" or ");
}
