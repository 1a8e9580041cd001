/** Where a failure comes from: what the caller can change, the provider, or the product. */
export type Source = "yours" | "provider" | "product";

/** What can be done about it: somewhere to go here, somewhere at the provider, or the same again. */
export type Act =
  | { label: string; page: "ai-providers" | "who-pays" | "api-keys" | "budgets" | "playground" }
  | { label: string; dialog: "add" | "rotate" }
  | { label: string; billing: "summary" | "plans" }
  | { label: string; link: "limits_url" | "billing_url" | "status_url" }
  | { label: string; again: true };

/** An error code in plain words, with names of a call left open: see `fill`. */
export interface Words {
  title: string;
  /** The title where no model is known. */
  untitled?: string;
  cause: string;
  source: Source;
  act: Act;
  /** The same where the product's own account met it. */
  managed?: { title: string; cause: string; source: Source; act: Act };
}

const ownKey: Act = { label: "Use your own key", dialog: "add" };
const again: Act = { label: "Try again", again: true };
const anotherModel: Act = { label: "Pick another model", page: "playground" };

const codes: Record<string, Words> = {
  unauthorized: {
    title: "This API key isn't accepted",
    cause: "It is missing, expired or revoked.",
    source: "yours",
    act: { label: "Create an API key", page: "api-keys" },
  },
  forbidden: {
    title: "This API key may not do that",
    cause: "It lacks the scope for this call.",
    source: "yours",
    act: { label: "Create a key with more scopes", page: "api-keys" },
  },
  plan_required: {
    title: "Own keys come with another plan",
    cause: "Your plan has no own keys, so the one that is kept here rests.",
    source: "yours",
    act: { label: "See plans", billing: "plans" },
  },
  byok_required: {
    title: "This call needs your own {provider} key",
    cause: "The policy or the model asks for it, and there is none.",
    source: "yours",
    act: { label: "Add {provider} key", dialog: "add" },
  },
  key_sealed: {
    title: "Your {provider} key can't be opened",
    cause: "It is a fault on the server. No other payer was used. Tell your operator, with the id of the call.",
    source: "product",
    act: { label: "See the key", page: "ai-providers" },
  },
  provider_key_invalid: {
    title: "{Provider} refused your key",
    cause: "It was revoked or changed there. No other payer steps in.",
    source: "provider",
    act: { label: "Rotate key", dialog: "rotate" },
  },
  provider_rate_limited: {
    title: "Your {provider} account is at its limit",
    cause: "{Provider} takes no more calls from it for now.",
    source: "provider",
    act: { label: "See limits at {provider}", link: "limits_url" },
    managed: {
      title: "Managed access is at its limit for {model}",
      cause: "{Provider} takes no more calls from {product} for now.",
      source: "product",
      act: again,
    },
  },
  provider_quota_exhausted: {
    title: "Your {provider} account has no money left",
    cause: "Its credit or cap is used up.",
    source: "provider",
    act: { label: "Open {provider} billing", link: "billing_url" },
  },
  provider_unavailable: {
    title: "{Provider} isn't answering",
    cause: "It timed out or answered with an error of its own.",
    source: "provider",
    act: again,
  },
  managed_unavailable: {
    title: "Managed access has a fault",
    cause: "{product}'s own key fails. You weren't charged.",
    source: "product",
    act: ownKey,
  },
  model_not_found: {
    title: "There is no model “{Model}”",
    untitled: "There is no such model",
    cause: "It is not in the catalogue.",
    source: "yours",
    act: { label: "See models", page: "playground" },
  },
  model_coming_soon: {
    title: "{Model} is coming soon",
    cause: "It is announced, and not open yet.",
    source: "yours",
    act: anotherModel,
  },
  model_gated: {
    title: "{Model} isn't open to this workspace",
    cause: "It needs a feature that this workspace does not have.",
    source: "yours",
    act: anotherModel,
  },
  model_not_priced: {
    title: "{Model} has no managed price",
    cause: "Managed access only serves models that have a price.",
    source: "yours",
    act: ownKey,
  },
  insufficient_credits: {
    title: "Not enough credits",
    cause: "The call may cost more than is free.",
    source: "yours",
    act: { label: "See credits", billing: "summary" },
  },
  budget_exceeded: {
    title: "A budget is used up",
    cause: "Calls that it counts are refused until it begins anew.",
    source: "yours",
    act: { label: "Open the budgets", page: "budgets" },
  },
  rate_limited: {
    title: "Too many calls",
    cause: "{product} takes no more calls of this key or workspace within this minute.",
    source: "product",
    act: again,
  },
  request_too_large: {
    title: "The request is too big",
    cause: "It is larger than this address takes.",
    source: "yours",
    act: { label: "Shorten it", page: "playground" },
  },
  bad_request: {
    title: "The request can't be read",
    cause: "Something in it is not as the provider or {product} takes it.",
    source: "yours",
    act: again,
  },
  feature_not_priced: {
    title: "Managed access doesn't do this",
    cause: "What the call asks for has no known price, so it can't be billed exactly.",
    source: "yours",
    act: ownKey,
  },
  wrong_protocol: {
    title: "{Model} speaks the other protocol",
    cause: "It is called at another path.",
    source: "yours",
    act: anotherModel,
  },
  path_not_supported: {
    title: "This address isn't served",
    cause: "No path of the two protocols goes by it.",
    source: "yours",
    act: { label: "See models", page: "playground" },
  },
  overloaded: {
    title: "The server is busy",
    cause: "It shed this call before doing anything.",
    source: "product",
    act: again,
  },
  interrupted: {
    title: "The server ended before the call did",
    cause: "What was known of it by then is charged.",
    source: "product",
    act: again,
  },
};

/** What the words stand for in one call, as far as it is known. */
export interface Names {
  provider: string | null;
  product: string;
  model: string | null;
  /** Who was to pay. */
  payer?: string | null | undefined;
}

/** The codes that have words, in their order. */
export const knownCodes = Object.keys(codes);

/** A code's words; `undefined` for one that nobody here knows. */
export function wordsOf(code: string, names: Names): Words | undefined {
  const known = codes[code];
  if (!known) return undefined;
  const { managed, untitled, ...own } = known;
  const words = (names.payer === "managed" && managed) || own;
  const title = (names.model === null && untitled) || words.title;
  const act = { ...words.act, label: fill(words.act.label, names) };
  return { ...words, act, title: fill(title, names), cause: fill(words.cause, names) };
}

/** A text with its names: `{provider}` goes before a noun, the others may begin a sentence. */
function fill(text: string, { provider, product, model }: Names): string {
  return text
    .replaceAll("{provider}", provider ?? "provider")
    .replaceAll("{Provider}", provider ?? "The provider")
    .replaceAll("{product}", product)
    .replaceAll("{model}", model ?? "some models")
    .replaceAll("{Model}", model ?? "The model");
}

/** Whose it is, in a word. */
export function sourceOf(source: Source, { provider, product }: Names): string {
  return { yours: "yours", provider: provider ?? "the provider", product }[source];
}
