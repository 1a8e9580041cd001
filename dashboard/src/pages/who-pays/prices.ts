import type { Costs, CostTerms } from "../../api/money";
import { credits } from "../../format/amount";
import { groupBy } from "../../format/group";

/** Something that can be called or used, who pays for it, and what it costs in credits. */
export interface Line {
  id: string;
  group: string;
  what: string;
  detail: string;
  payer: string | null;
  price: string;
  /** The code that calls fail with. */
  fails: string | null;
}

/** Lines of one kind at one provider. */
export interface Group {
  /** Its name as an element's id may have it. */
  id: string;
  name: string;
  lines: readonly Line[];
}

/** What is called, by its path; what no name here fits is called by its path. */
const kinds: readonly [RegExp, string][] = [
  [/\/messages$|chat\/completions$|\/responses$/, "Model calls"],
  [/embeddings/, "Embeddings"],
  [/audio|speech|realtime/, "Voice"],
  [/images/, "Images"],
];
const order = [...kinds.map(([, name]) => name), "Services", "Other calls"];

/** Everything the server names: calls by model, other calls, then services. Paths with the same terms share a line. */
export function lines({ routes, services }: Costs, nameOf: (provider: string) => string = (id) => id): Line[] {
  const calls = routes.flatMap((route) => {
    const kind = kinds.find(([path]) => path.test(route.path))?.[1] ?? "Other calls";
    const path = `${route.method} ${route.path}`;
    const line = (what: string, detail: string, terms: CostTerms): Line => ({
      id: `${path} ${what}`,
      group: `${kind} · ${nameOf(route.provider)}`,
      what,
      detail,
      payer: terms.payer_now.payer ?? null,
      price: priceNow(terms),
      fails: terms.cost === "refused" ? (terms.reason?.code ?? "refused") : null,
    });
    const own = route.terms ? [line(path, "", route.terms)] : [];
    return [...route.models.map((model) => line(model.id, path, model)), ...own];
  });
  const used = services.map(({ name, unit, payer, cost, credits: each }): Line => {
    const told = cost === "credits" ? `${credits(each)} credits per ${unit}` : "included";
    const detail = `/services/${name}`;
    return { id: `service ${name}`, group: "Services", what: name, detail, payer, price: told, fails: null };
  });
  // Within a kind, what fails comes last.
  const rank = ({ group, payer }: Line) => 2 * order.findIndex((kind) => group.startsWith(kind)) + (payer ? 0 : 1);
  return merged([...calls, ...used]).toSorted((a, b) => rank(a) - rank(b));
}

/** The same model at several paths is one line, as long as it costs the same there. */
function merged(all: readonly Line[]): Line[] {
  const same = groupBy(all, ({ group, what, payer, price }) => JSON.stringify([group, what, payer, price]));
  return [...same.values()].flatMap(([first, ...rest]) =>
    first ? [{ ...first, detail: [first, ...rest].map(({ detail }) => detail).join(", ") }] : [],
  );
}

/** Lines under their headings. */
export function grouped(all: readonly Line[]): Group[] {
  return [...groupBy(all, ({ group }) => group)].map(([name, lines]) => ({
    id: name.replace(/\W+/g, "-"),
    name,
    lines,
  }));
}

/** The price, and what the next call does where it is not what the price is for. */
function priceNow(terms: CostTerms): string {
  const told = price(terms);
  if (terms.cost === "refused") return told;
  const { reason, fallback } = terms.payer_now;
  if (reason) return `${told}; now calls fail: ${reason.code}`;
  return fallback ? `${told} on your key; now managed access pays in its place` : told;
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
