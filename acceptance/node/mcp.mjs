// Walks through an MCP server with the official JavaScript client: a job on stdin, what a program sees on stdout.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

let input = "";
for await (const piece of process.stdin) input += piece;
const job = JSON.parse(input);

const headers = { authorization: `Bearer ${job.key}` };
const transport = new StreamableHTTPClientTransport(new URL(job.url), { requestInit: { headers } });
const client = new Client({ name: "acceptance", version: "1" });
await client.connect(transport);
const seen = { server: client.getServerVersion().name, results: {}, resources: {} };
seen.tools = Object.fromEntries((await client.listTools()).tools.map((tool) => [tool.name, tool.inputSchema]));
for (const [name, args] of job.calls) {
  const result = await client.callTool({ name, arguments: args });
  seen.results[name] = { error: result.isError ?? false, text: result.content[0].text };
}
for (const { uri } of (await client.listResources()).resources) {
  seen.resources[uri] = (await client.readResource({ uri })).contents[0].text;
}
await client.close();
process.stdout.write(JSON.stringify(seen));
