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

/** What a provider says in mid-stream, when its answer can't go on. */
export class BrokenOff extends Error {
  readonly code: string;

  constructor({ message, code, type }: Record<string, unknown>) {
    super(typeof message === "string" ? message : "The provider says no more than that.");
    this.code = String([code, type].find((name) => typeof name === "string") ?? "provider_error");
  }
}

/** The text in an event of either protocol; a failure in mid-stream is thrown. */
export function textOf(data: string): string {
  if (data === "[DONE]") return "";
  const event: unknown = JSON.parse(data);
  if (!isObject(event)) return "";
  if (isObject(event.error)) throw new BrokenOff(event.error);
  if (isObject(event.delta) && typeof event.delta.text === "string") return event.delta.text;
  const choice = Array.isArray(event.choices) ? event.choices[0] : undefined;
  if (isObject(choice) && isObject(choice.delta) && typeof choice.delta.content === "string") {
    return choice.delta.content;
  }
  return "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
