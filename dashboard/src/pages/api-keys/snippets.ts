export interface Snippet {
  name: string;
  /** The text with the key's place left to `key`. */
  text: (key: string) => string;
}

/** How to use a key from here, ready to run: what its scopes open. */
export function snippets(origin: string, scopes: readonly string[]): Snippet[] {
  const opened = [];
  if (scopes.includes("inference")) opened.push(...models(origin));
  if (scopes.includes("mcp")) opened.push(assistant(origin));
  return opened;
}

/** The form in which most clients of the Model Context Protocol are told of a server. */
function assistant(origin: string): Snippet {
  const server = (key: string) => ({ type: "http", url: `${origin}/mcp`, headers: { Authorization: `Bearer ${key}` } });
  return { name: "MCP", text: (key) => JSON.stringify({ mcpServers: { ownkey: server(key) } }, null, 2) };
}

function models(origin: string): Snippet[] {
  return [
    {
      name: "curl",
      text: (key) =>
        [
          `curl ${origin}/v1/messages -H 'x-api-key: ${key}' \\`,
          "  -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\",
          `  -d '{"model":"agent/lead","max_tokens":200,"messages":[{"role":"user","content":"Hello!"}]}'`,
        ].join("\n"),
    },
    {
      name: "Python",
      text: (key) =>
        [
          "from anthropic import Anthropic",
          "",
          `client = Anthropic(base_url="${origin}", api_key="${key}")`,
          `message = client.messages.create(model="agent/lead", max_tokens=200,`,
          `    messages=[{"role": "user", "content": "Hello!"}])`,
          "print(message.content[0].text)",
        ].join("\n"),
    },
    {
      name: "Node",
      text: (key) =>
        [
          'import Anthropic from "@anthropic-ai/sdk";',
          "",
          `const client = new Anthropic({ baseURL: "${origin}", apiKey: "${key}" });`,
          "const message = await client.messages.create({",
          '  model: "agent/lead", max_tokens: 200, messages: [{ role: "user", content: "Hello!" }],',
          "});",
          "console.log(message.content);",
        ].join("\n"),
    },
    {
      name: "Environment",
      text: (key) =>
        [
          `ANTHROPIC_BASE_URL=${origin}`,
          `ANTHROPIC_API_KEY=${key}`,
          `OPENAI_BASE_URL=${origin}/v1`,
          `OPENAI_API_KEY=${key}`,
        ].join("\n"),
    },
  ];
}
