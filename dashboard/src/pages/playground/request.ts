import type { Model } from "../../api/client";

const OUTPUT_MAX = 2_048;

/** A word of the conversation. */
export interface Turn {
  role: "user" | "assistant";
  content: string;
}

/** Who is asked: a model, by its own name or as an agent's. */
export interface Target {
  model: Model;
  name: string;
}

/** What goes along with the conversation; what is not set is left to the model. */
export interface Parameters {
  maxTokens: number | null;
  temperature: number | null;
  system: string;
}

export const NO_PARAMETERS: Parameters = { maxTokens: null, temperature: null, system: "" };

/** A call as it goes out, but for its credential. */
export interface Request {
  path: "/v1/messages" | "/v1/chat/completions";
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** The call that asks a target to go on with a conversation. */
export function requestOf({ model, name }: Target, turns: readonly Turn[], parameters: Parameters): Request {
  const { maxTokens, temperature } = parameters;
  const system = parameters.system.trim();
  const told = turns.map(({ role, content }) => ({ role, content }));
  const common = { model: name, ...(temperature !== null && { temperature }) };
  if (model.provider === "anthropic") {
    return {
      path: "/v1/messages",
      headers: { "anthropic-version": "2023-06-01" },
      body: { ...common, max_tokens: maxTokens ?? OUTPUT_MAX, ...(system && { system }), messages: told },
    };
  }
  const messages = system ? [{ role: "system", content: system }, ...told] : told;
  return {
    path: "/v1/chat/completions",
    headers: {},
    body: { ...common, max_completion_tokens: maxTokens ?? OUTPUT_MAX, messages },
  };
}
