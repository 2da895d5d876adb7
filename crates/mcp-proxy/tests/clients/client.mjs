// The MCP SDK for TypeScript as a client: `client.mjs MODE CALLS OUT URL` or `client.mjs MODE CALLS OUT -- COMMAND...`.
// MODE is `legacy` (@modelcontextprotocol/sdk, protocol 2025-11-25) or a protocol's version
// (@modelcontextprotocol/client). CALLS is a JSON list of [tool, arguments]; what came of each is written to OUT, as
// the client saw it.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [mode, calls, out, ...rest] = process.argv.slice(2);
// The packages are installed elsewhere than this file is.
const require = createRequire(pathToFileURL(process.env.MCP_PACKAGES + "/package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href).then((m) => m.default ?? m);

let Client, Stdio, Http, options;
if (mode === "legacy") {
  ({ Client } = await load("@modelcontextprotocol/sdk/client/index.js"));
  ({ StdioClientTransport: Stdio } = await load("@modelcontextprotocol/sdk/client/stdio.js"));
  ({ StreamableHTTPClientTransport: Http } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js"));
  options = {};
} else {
  const all = await load("@modelcontextprotocol/client");
  ({ Client, StreamableHTTPClientTransport: Http } = all);
  ({ StdioClientTransport: Stdio } = await load("@modelcontextprotocol/client/stdio"));
  options = { versionNegotiation: { mode: { pin: mode } } };
}
const transport =
  rest[0] === "--" ? new Stdio({ command: rest[1], args: rest.slice(2), stderr: "inherit" }) : new Http(new URL(rest[0]));
const client = new Client({ name: "ai-audit-test", version: "1" }, options);
await client.connect(transport);
const { tools } = await client.listTools();
const saw = [];
for (const [name, args] of JSON.parse(calls)) {
  const one = { tool: name, arguments: args };
  try {
    const result = await client.callTool({ name, arguments: args });
    one.error = Boolean(result.isError);
    one.result = result;
  } catch (error) {
    one.error = true;
    one.code = error.code ?? 0;
  }
  saw.push(one);
}
await client.close();
writeFileSync(out, JSON.stringify({ tools: tools.map((tool) => tool.name), calls: saw }));
