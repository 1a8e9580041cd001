import { api, type Model } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { BrokenOff, events, textOf } from "./stream";

const OUTPUT_MAX = 2_048;
const RENEW_BEFORE_MS = 60_000;

/** A word of the conversation. */
export interface Turn {
  role: "user" | "assistant";
  content: string;
}

/** Makes calls of the real gateway; its key lives in this closure, for ten minutes, and in nothing else. */
export function playgroundOf(ws: string) {
  let token = "";
  let expires = 0;

  async function key(): Promise<string> {
    if (Date.now() > expires - RENEW_BEFORE_MS) {
      const path = { ws };
      const made = await answered(api.POST("/api/v1/workspaces/{ws}/playground-token", { params: { path } }));
      token = made.token;
      expires = Date.parse(made.expires_at);
    }
    return token;
  }

  /** Asks a model; `onText` hears the answer as it grows. The answer is the receipt's id. */
  return async function ask(model: Model, turns: readonly Turn[], onText: (text: string) => void, signal: AbortSignal) {
    const [path, headers] = routeOf(model);
    const body = JSON.stringify({ model: model.id, stream: true, messages: turns, ...limitOf(model) });
    const sent = { "content-type": "application/json", authorization: `Bearer ${await key()}`, ...headers };
    const response = await fetch(path, { method: "POST", headers: sent, body, signal, credentials: "omit" });
    const id = response.headers.get("x-ownkey-request-id") ?? "";
    if (!response.ok || !response.body) throw await failure(response, id);
    try {
      for await (const data of events(response.body)) onText(textOf(data));
    } catch (error) {
      throw signal.aborted ? error : brokenOff(error, response.status, id);
    }
    return id;
  };
}

function routeOf(model: Model): [string, Record<string, string>] {
  if (model.provider === "anthropic") return ["/v1/messages", { "anthropic-version": "2023-06-01" }];
  return ["/v1/chat/completions", {}];
}

function limitOf(model: Model) {
  return model.provider === "anthropic" ? { max_tokens: OUTPUT_MAX } : { max_completion_tokens: OUTPUT_MAX };
}

/** What came until then was produced, and is on the receipt. */
function brokenOff(error: unknown, status: number, id: string): Failure {
  const [detail, code] =
    error instanceof BrokenOff
      ? [error.message, error.code]
      : ["The connection ended before the answer did.", "connection_lost"];
  return new Failure({ title: "The answer broke off", detail, status, code }, id);
}

async function failure(response: Response, id: string): Promise<Failure> {
  const code = response.headers.get("x-ownkey-error") ?? "provider_error";
  const answer: unknown = await response.json().catch(() => undefined);
  const detail = messageOf(answer) ?? `The answer had status ${response.status}.`;
  return new Failure({ title: "This call was not served", detail, status: response.status, code }, id);
}

function messageOf(answer: unknown): string | undefined {
  const { error } = (answer ?? {}) as { error?: { message?: string } };
  return error?.message;
}
