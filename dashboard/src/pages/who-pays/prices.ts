import type { Costs, CostTerms } from "../../api/money";
import { credits } from "../../format/amount";

/** Something that can be called or used, who pays for it, and what it costs in credits. */
export interface Line {
  id: string;
  group: string;
  what: string;
  detail: string;
  payer: string | null;
  price: string;
}

/** What is called, by its path; what no name here fits is called by its path. */
const groups: readonly [RegExp, string][] = [
  [/\/messages$|chat\/completions$|\/responses$/, "Model calls"],
  [/embeddings/, "Embeddings"],
  [/audio|speech|realtime/, "Voice"],
  [/images/, "Images"],
];

/** Everything the server names, line by line: calls by model, other calls, then services. */
export function lines({ routes, services }: Costs): Line[] {
  const calls = routes.flatMap((route) => {
    const group = groups.find(([path]) => path.test(route.path))?.[1] ?? "Other calls";
    const path = `${route.method} ${route.path}`;
    const line = (what: string, detail: string, terms: CostTerms): Line => {
      return { id: `${path} ${what}`, group, what, detail, payer: terms.payer ?? null, price: price(terms) };
    };
    const own = route.terms ? [line(path, route.provider, route.terms)] : [];
    return [...route.models.map((model) => line(model.id, path, model)), ...own];
  });
  const used = services.map(({ name, unit, payer, cost, credits: each }): Line => {
    const told = cost === "credits" ? `${credits(each)} credits per ${unit}` : "included";
    return { id: `service ${name}`, group: "Services", what: name, detail: `/services/${name}`, payer, price: told };
  });
  const order = [...groups.map(([, name]) => name), "Services", "Other calls"];
  // Within a kind, what fails comes last.
  const rank = ({ group, payer }: Line) => 2 * order.indexOf(group) + (payer === null ? 1 : 0);
  return [...calls, ...used].toSorted((a, b) => rank(a) - rank(b));
}

function price({ cost, reason, credits_per_million_tokens: tokens, credits_per_unit: units }: CostTerms): string {
  if (cost === "refused") return `call fails: ${reason?.code ?? "refused"}`;
  if (cost !== "credits") return cost === "own_key" || cost === "free" ? "0 credits" : "included";
  const tier = tokens.standard ?? Object.values(tokens)[0] ?? {};
  const named = [tier.input && `${credits(tier.input)} in`, tier.output && `${credits(tier.output)} out`].filter(
    Boolean,
  );
  const parts = Object.entries(units).map(
    ([unit, each]) => `${credits(each)} per ${unit.replace(/_/g, " ").replace(/(ch)es$|s$/, "$1")}`,
  );
  const perMillion = named.length > 0 ? [`${named.join(", ")} per million tokens`] : [];
  return [...perMillion, ...parts].join("; ") || "credits, by what it uses";
}

/** Those in which all words of a search are found. */
export function matching(all: readonly Line[], search: string): Line[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ group, what, detail, price, payer }) => {
    const text =
      `${group} ${what} ${detail} ${price} ${payer === "byok" ? "own key" : (payer ?? "nobody")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
