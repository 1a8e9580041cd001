import { describe, expect, it } from "vitest";
import { events, textOf } from "./stream";

function body(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const seen = [];
  for await (const event of events(stream)) seen.push(event);
  return seen;
}

describe("an answer that comes in pieces", () => {
  it("is read event by event, however it is cut", async () => {
    expect(await all(body('data: {"a":1}\n\nda', 'ta: {"a":2}\n', "\n"))).toEqual(['{"a":1}', '{"a":2}']);
    expect(await all(body("event: ping\r\ndata: x\r\n\r\n", ": comment\n\n"))).toEqual(["x"]);
    expect(await all(body("data: unfinished"))).toEqual([]);
  });

  it("has its text where either protocol puts it", () => {
    expect(textOf('{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}')).toBe("Hi");
    expect(textOf('{"choices":[{"delta":{"content":"Hi"}}]}')).toBe("Hi");
    expect(textOf('{"choices":[]}')).toBe("");
    expect(textOf("[DONE]")).toBe("");
    expect(() => textOf('{"type":"error","error":{"message":"Overloaded"}}')).toThrow("Overloaded");
    const ours = '{"error":{"message":"No answer","type":"server_error","code":"provider_unavailable"}}';
    expect(() => textOf(ours)).toThrow(expect.objectContaining({ code: "provider_unavailable" }));
  });
});
