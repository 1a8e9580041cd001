import type { Request } from "./request";

/** Where programs find their key; no snippet holds one. */
const KEY = "OWNKEY_API_KEY";

/** The same call as others make it, ready to run. JSON reads the same in Python and JavaScript where it has no true, false or null. */
export function snippetsOf(origin: string, { path, headers, body }: Request): { name: string; text: string }[] {
  const json = JSON.stringify(body, null, 2);
  const isAnthropic = path === "/v1/messages";
  const make = isAnthropic ? "messages.create" : "chat.completions.create";
  const answer = isAnthropic ? "content[0].text" : "choices[0].message.content";
  const name = isAnthropic ? "Anthropic" : "OpenAI";
  const base = isAnthropic ? origin : `${origin}/v1`;
  return [
    { name: "curl", text: curl(`${origin}${path}`, headers, json) },
    {
      name: "Python",
      text: [
        "import os",
        `from ${name.toLowerCase()} import ${name}`,
        "",
        `client = ${name}(base_url="${base}", api_key=os.environ["${KEY}"])`,
        `answer = client.${make}(**${json})`,
        `print(answer.${answer})`,
      ].join("\n"),
    },
    {
      name: "Node",
      text: [
        `import ${name} from "${isAnthropic ? "@anthropic-ai/sdk" : "openai"}";`,
        "",
        `const client = new ${name}({ baseURL: "${base}", apiKey: process.env.${KEY} });`,
        `const answer = await client.${make}(${json});`,
        `console.log(answer.${answer});`,
      ].join("\n"),
    },
  ];
}

function curl(url: string, headers: Record<string, string>, json: string): string {
  const all = { "content-type": "application/json", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `  -H '${name}: ${value}' \\`);
  // A quote ends the shell's text, stands for itself, and begins it anew.
  const data = json.replaceAll("'", "'\\''");
  return [`curl ${url} -H "authorization: Bearer $${KEY}" \\`, ...lines, `  -d '${data}'`].join("\n");
}
