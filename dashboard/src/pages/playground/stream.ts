import { CallFailure } from "../../api/failure";

/** The events of a server-sent stream, each as its data. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = dataOf(block);
        if (data) yield data;
      }
      if (done) return;
    }
  } finally {
    reader.releaseLock();
  }
}

function dataOf(block: string): string {
  const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).trimStart()).join("\n");
}

/** The text in an event of either protocol; a failure in mid-stream is thrown. */
export function textOf(data: string): string {
  if (data === "[DONE]") return "";
  const event: unknown = JSON.parse(data);
  if (!isObject(event)) return "";
  if (isObject(event.error)) throw brokenOff(event.error);
  if (isObject(event.delta) && typeof event.delta.text === "string") return event.delta.text;
  const choice = Array.isArray(event.choices) ? event.choices[0] : undefined;
  if (isObject(choice) && isObject(choice.delta) && typeof choice.delta.content === "string") {
    return choice.delta.content;
  }
  return "";
}

/** What ended an answer in its middle. */
function brokenOff({ message, code, type }: Record<string, unknown>): CallFailure {
  const named = [code, type].find((name) => typeof name === "string");
  const detail = typeof message === "string" ? message : "The answer broke off.";
  return new CallFailure(
    { title: "The answer broke off", detail, status: 200, code: String(named ?? "broken_off") },
    null,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
