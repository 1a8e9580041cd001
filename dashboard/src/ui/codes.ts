import type { ErrorCode } from "../api/client";

/** What can be done about it: somewhere to go here, somewhere at the provider, or the same again. */
export type Act =
  | { label: string; page: "api-keys" | "budgets" | "playground" | "ai-providers" }
  | { label: string; dialog: "add" | "rotate" }
  | { label: string; billing: "summary" | "plans" }
  | { label: string; link: "limits_url" | "billing_url" }
  | { label: string; again: true };

const ownKey: Act = { label: "Use your own key", dialog: "add" };
const again: Act = { label: "Try again", again: true };
const anotherModel: Act = { label: "Pick another model", page: "playground" };
const models: Act = { label: "See models", page: "playground" };

/** Where a code leads to. What it means is the API's to say. */
const acts: Record<string, Act> = {
  unauthorized: { label: "Create an API key", page: "api-keys" },
  forbidden: { label: "Create a key with more scopes", page: "api-keys" },
  plan_required: { label: "See plans", billing: "plans" },
  byok_required: { label: "Add {provider} key", dialog: "add" },
  key_sealed: { label: "See the key", page: "ai-providers" },
  provider_key_invalid: { label: "Rotate key", dialog: "rotate" },
  provider_rate_limited: { label: "See limits at {provider}", link: "limits_url" },
  provider_quota_exhausted: { label: "Open {provider} billing", link: "billing_url" },
  provider_unavailable: again,
  managed_unavailable: ownKey,
  model_not_found: models,
  model_coming_soon: anotherModel,
  model_gated: anotherModel,
  model_not_priced: ownKey,
  insufficient_credits: { label: "See credits", billing: "summary" },
  budget_exceeded: { label: "Open the budgets", page: "budgets" },
  rate_limited: again,
  request_too_large: { label: "Shorten it", page: "playground" },
  bad_request: again,
  feature_not_priced: ownKey,
  wrong_protocol: anotherModel,
  path_not_supported: models,
  overloaded: again,
  interrupted: again,
};

/** Where the product's own account met it, nothing at the provider is the customer's to change. */
const managedActs: Record<string, Act> = { provider_rate_limited: again };

/** What the words stand for in one call, as far as it is known. */
export interface Names {
  provider: string | null;
  product: string;
  model: string | null;
}

/** What there is to do about a code; nothing for one without a place of its own. */
export function actOf(code: string, names: Names, payer?: string | null): Act | undefined {
  const act = (payer === "managed" && managedActs[code]) || acts[code];
  return act && { ...act, label: fill(act.label, names) };
}

/** A code's title for one call. */
export function titleOf({ title }: ErrorCode, names: Names): string {
  return fill(title, names);
}

/** A text with its names; who is not known goes by his kind, with an article where he begins the sentence. */
function fill(text: string, { provider, model }: Names): string {
  return text
    .replace(/^\{provider\}/, provider ?? "The provider")
    .replace(/^\{model\}/, model ?? "The model")
    .replaceAll("{provider}", provider ?? "provider")
    .replaceAll("{model}", model ?? "model");
}

/** Whose it is, in a word. */
export function blamed({ blame }: ErrorCode, { provider, product }: Names): string {
  if (blame === "caller") return "yours";
  return blame === "provider" ? (provider ?? "the provider") : product;
}
