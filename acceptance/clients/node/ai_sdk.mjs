// Runs scenarios with the Vercel AI SDK: jobs on stdin, one a line; what a program sees of each on stdout.
import { createInterface } from "node:readline";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

// The SDK sleeps before a retry: how long is noted, and passes at once.
const realTimeout = globalThis.setTimeout;
let waits = [];
globalThis.setTimeout = (then, ms, ...rest) => {
  if (!new Error().stack.includes("at delay ")) return realTimeout(then, ms, ...rest);
  waits.push(ms);
  return realTimeout(then, 1, ...rest);
};

function model(job, scenario) {
  const told = { apiKey: job.key };
  if (job.provider === "anthropic") return createAnthropic({ ...told, baseURL: `${job.base_url}/v1` })(job.model);
  const openai = createOpenAI({ ...told, baseURL: job.base_url });
  return scenario.api === "responses" ? openai.responses(job.model) : openai.chat(job.model);
}

function forecast(job) {
  const { description, parameters } = job.tool.function;
  return tool({ description, inputSchema: jsonSchema(parameters), execute: () => "Sunny" });
}

function request(job, scenario, id) {
  const usesTools = scenario.kind.startsWith("tool");
  return {
    model: model(job, scenario),
    prompt: scenario.prompt.replace("TAG", job.run),
    maxRetries: scenario.retries,
    headers: { "x-client-request-id": id },
    maxOutputTokens: 512,
    ...(usesTools && { tools: { forecast: forecast(job) }, stopWhen: stepCountIs(3) }),
  };
}

async function plain(asked, seen) {
  const { steps } = await generateText(asked);
  for (const { content, finishReason, usage, warnings, response } of steps) {
    const { headers, ...rest } = response;
    seen.headers = headers;
    seen.parsed.push({ content, finishReason, usage, warnings, response: rest });
  }
}

async function streamed(asked, seen) {
  const { fullStream } = streamText({ ...asked, onError: () => {} });
  for await (const part of fullStream) {
    if (part.type === "error") throw part.error;
    if (part.response?.headers) {
      seen.headers = part.response.headers;
      delete part.response.headers;
    }
    seen.parsed.push(part);
  }
}

function told(error) {
  if (!error) return null;
  const { name, message, reason, statusCode, url, responseBody, isRetryable, data } = error;
  const path = url && new URL(url).pathname;
  const errors = error.errors?.map(told);
  return { name, message, reason, statusCode, path, responseBody, isRetryable, data, errors, last: told(error.lastError) };
}

async function run(job, scenario, id) {
  const seen = { parsed: [], error: null, headers: {} };
  waits = [];
  try {
    const asked = request(job, scenario, id);
    await (["stream", "tool_stream"].includes(scenario.kind) ? streamed : plain)(asked, seen);
  } catch (error) {
    seen.headers = (error.lastError ?? error).responseHeaders ?? {};
    seen.error = told(error);
  }
  seen.waits = waits;
  return seen;
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const seen = {};
  for (const scenario of job.scenarios) {
    const id = `${job.run}-${scenario.name}`;
    seen[id] = await run(job, scenario, id);
  }
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}
