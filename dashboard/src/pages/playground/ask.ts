import { api } from "../../api/client";
import { answered, CallFailure, Failure } from "../../api/failure";
import { answeredNow, silentNow } from "../../api/reach";
import type { Request } from "./request";
import { BrokenOff, events, textOf } from "./stream";

const RENEW_BEFORE_MS = 60_000;

/** Makes calls of the real gateway; its key lives in this closure, for ten minutes, and in nothing else. */
export function playgroundOf(ws: string) {
  let token = "";
  let expires = 0;

  async function key(): Promise<string> {
    if (!token || Date.now() > expires - RENEW_BEFORE_MS) {
      const path = { ws };
      const made = await answered(api.POST("/api/v1/workspaces/{ws}/playground-token", { params: { path } }));
      token = made.token;
      expires = Date.parse(made.expires_at);
    }
    return token;
  }

  /** Makes a call; `onText` hears the answer as it grows. The answer is the receipt's id. */
  return async function ask({ path, headers, body }: Request, onText: (text: string) => void, signal: AbortSignal) {
    const sent = { "content-type": "application/json", authorization: `Bearer ${await key()}`, ...headers };
    const streamed = JSON.stringify({ ...body, stream: true });
    const request = { method: "POST", headers: sent, body: streamed, signal, credentials: "omit" } as const;
    const response = await fetch(path, request).catch((error: unknown) => {
      throw signal.aborted ? error : unanswered();
    });
    answeredNow();
    const id = response.headers.get("x-ownkey-request-id") ?? "";
    // A key that has ended before its time is not tried again.
    if (response.status === 401) token = "";
    if (!response.ok || !response.body) throw await failure(response, id);
    try {
      for await (const data of events(response.body)) onText(textOf(data));
    } catch (error) {
      throw signal.aborted ? error : brokenOff(error, response.status, id);
    }
    return id;
  };
}

/** There was no word of it: whether the call arrived, only its receipt can tell. */
function unanswered(): Failure {
  if (!navigator.onLine) return Failure.offline();
  silentNow();
  const detail = "Check your connection. If the call arrived all the same, it is among the receipts.";
  return new CallFailure({ title: "We can't reach the server", detail, status: 0, code: "network" }, null);
}

/** What came until then was produced, and is on the receipt. */
function brokenOff(error: unknown, status: number, id: string): Failure {
  const [detail, code] =
    error instanceof BrokenOff
      ? [error.message, error.code]
      : ["The connection ended before the answer did.", "connection_lost"];
  return new Failure({ title: "The answer broke off", detail, status, code }, id);
}

async function failure(response: Response, id: string): Promise<CallFailure> {
  const code = response.headers.get("x-ownkey-error") ?? "provider_error";
  const answer: unknown = await response.json().catch(() => undefined);
  const detail = messageOf(answer) ?? `The answer had status ${response.status}.`;
  return new CallFailure({ title: "This call was not served", detail, status: response.status, code }, id);
}

function messageOf(answer: unknown): string | undefined {
  const { error } = (answer ?? {}) as { error?: { message?: string } };
  return error?.message;
}
