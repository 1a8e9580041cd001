// Runs scenarios with the Vercel AI SDK: jobs on stdin, one a line; what a program sees of each on stdout.
import { createInterface } from "node:readline";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import {
  embedMany,
  experimental_generateImage as generateImage,
  experimental_generateSpeech as generateSpeech,
  experimental_transcribe as transcribe,
  generateText,
  jsonSchema,
  stepCountIs,
  streamText,
  tool,
} from "ai";

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

// What it offers beside conversations, by the path that is called.
async function other(job, { api, prompt, retries }, id, seen) {
  const openai = createOpenAI({ apiKey: job.key, baseURL: job.base_url });
  const name = job.other_models[api];
  const asked = { maxRetries: retries, headers: { "x-client-request-id": id } };
  const calls = {
    embeddings: () => embedMany({ ...asked, model: openai.embedding(name), values: ["a", prompt] }),
    completions: () => generateText({ ...asked, model: openai.completion(name), prompt }),
    images: () => generateImage({ ...asked, model: openai.image(name), prompt }),
    speech: () => generateSpeech({ ...asked, model: openai.speech(name), text: prompt, voice: "alloy" }),
    transcriptions: () =>
      transcribe({
        ...asked,
        model: openai.transcription(name),
        audio: new Uint8Array(20_000),
        providerOptions: { openai: { prompt } },
      }),
  };
  const answer = await calls[api]();
  const { embeddings, text, images, audio, usage, warnings } = answer;
  const [response] = answer.responses ?? [answer.response];
  seen.headers = response.headers ?? {};
  seen.parsed.push({ embeddings, text, images: images?.map((image) => image.base64), audio: audio?.base64, usage, warnings });
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
    if (scenario.api in job.other_models) {
      await other(job, scenario, id, seen);
      return { ...seen, waits };
    }
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
