// Runs scenarios with the official JavaScript SDKs: a job on stdin, what a program sees on stdout.
import { AsyncLocalStorage } from "node:async_hooks";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

let input = "";
for await (const piece of process.stdin) input += piece;
const job = JSON.parse(input);

// The clients sleep before a retry: how long is noted, by scenario, and passes at once.
const realTimeout = globalThis.setTimeout;
const waits = new AsyncLocalStorage();
globalThis.setTimeout = (then, ms, ...rest) => {
  if (!new Error().stack.includes("utils/sleep")) return realTimeout(then, ms, ...rest);
  waits.getStore().push(ms > 2000 ? Math.round(ms / 1000) : "backoff");
  return realTimeout(then, 1, ...rest);
};

function client({ retries, timeout }) {
  const Client = job.provider === "openai" ? OpenAI : Anthropic;
  const patience = timeout ? { timeout: timeout * 1000 } : {};
  return new Client({ baseURL: job.base_url, maxRetries: retries, apiKey: job.key, ...patience });
}

// A value of a scenario with the files that it stands for.
function withFiles(value) {
  if (Array.isArray(value)) return value.map(withFiles);
  return value?.$file ? new File(["x".repeat(value.size)], value.$file) : value;
}

function request(scenario) {
  if (scenario.body) return Object.fromEntries(Object.entries(scenario.body).map(([name, value]) => [name, withFiles(value)]));
  const content = scenario.prompt.replace("TAG", job.run);
  const body = { ...job.body, messages: [{ role: "user", content }], ...scenario.more };
  if (scenario.kind.startsWith("tool")) body.tools = job.tools;
  return body;
}

// The method of a scenario, which has the name it has in Python.
function method(sdk, scenario) {
  const usual = job.provider === "openai" ? "chat.completions.create" : "messages.create";
  const names = (scenario.api ?? usual).split(".").map((name) => name.replace(/_(.)/g, (_, c) => c.toUpperCase()));
  const name = names.pop();
  const resource = names.reduce((at, next) => at[next], sdk);
  return resource[name].bind(resource);
}

async function once(sdk, scenario, body, options, seen) {
  const call = method(sdk, scenario);
  const bodies = scenario.args?.length && !scenario.query && Object.keys(body).length === 0 ? [] : [body];
  const { data, response } = await call(...(scenario.args ?? []), ...bodies, options).withResponse();
  seen.headers = Object.fromEntries(response.headers);
  if (scenario.kind === "binary") {
    seen.parsed.push(Buffer.from(await response.arrayBuffer()).toString("hex"));
    return null;
  }
  if (!body.stream) {
    seen.parsed.push(data);
    return data;
  }
  const events = [];
  seen.parsed.push(events);
  for await (const event of data) events.push(event);
  return scenario.api ? null : joined(events);
}

// The tool call that a stream was the pieces of.
function joined(events) {
  if (job.provider === "openai") {
    const calls = events.flatMap((e) => e.choices).flatMap((c) => c.delta.tool_calls ?? []);
    if (calls.length === 0) return null;
    const pieces = calls.map((call) => call.function.arguments ?? "").join("");
    const call = { ...calls[0], function: { name: calls[0].function.name, arguments: pieces } };
    return { choices: [{ message: { tool_calls: [call] } }] };
  }
  const use = events.find((e) => e.type === "content_block_start")?.content_block;
  if (use?.type !== "tool_use") return null;
  const pieces = events.filter((e) => e.type === "content_block_delta").map((e) => e.delta.partial_json ?? "");
  return { content: [{ ...use, input: JSON.parse(pieces.join("")) }] };
}

function toolMessages(message) {
  const content = "Sunny";
  if (job.provider === "openai") {
    const { id, function: called } = message.choices[0].message.tool_calls[0];
    const call = { id, type: "function", function: { name: called.name, arguments: called.arguments } };
    return [
      { role: "assistant", tool_calls: [call] },
      { role: "tool", tool_call_id: id, content },
    ];
  }
  const { type, id, name, input } = message.content.find((block) => block.type === "tool_use");
  return [
    { role: "assistant", content: [{ type, id, name, input }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content }] },
  ];
}

async function run(scenario, id) {
  const sdk = client(scenario);
  const body = request(scenario);
  if (["stream", "tool_stream"].includes(scenario.kind)) body.stream = true;
  const options = { headers: { "x-client-request-id": id, ...scenario.headers } };
  const seen = { parsed: [], error: null, headers: {} };
  try {
    const message = await once(sdk, scenario, body, options, seen);
    if (scenario.kind.startsWith("tool")) {
      body.messages.push(...toolMessages(message));
      await once(sdk, scenario, body, options, seen);
    }
  } catch (error) {
    const { status, code, param, type, requestID, error: told } = error;
    if (error.headers) seen.headers = Object.fromEntries(error.headers);
    const cause = error.cause?.constructor?.name ?? null;
    seen.error = { class: error.constructor.name, message: error.message, cause, status, code, param, type, requestID, told };
  }
  seen.waits = waits.getStore();
  return seen;
}

const ids = job.scenarios.map((scenario) => `${job.run}-${scenario.name}`);
// In the order of the scenarios, whichever ends first.
const seen = Object.fromEntries(ids.map((id) => [id, null]));
const todo = job.scenarios.entries();
async function worker() {
  for (const [at, scenario] of todo) seen[ids[at]] = await waits.run([], () => run(scenario, ids[at]));
}
await Promise.all(Array.from({ length: job.at_once }, worker));
process.stdout.write(JSON.stringify(seen));
