// The official MCP clients for JavaScript against a running agent: over HTTP, and over the standard input and output of `wattle mcp`.
//
//     node mcp.mjs http|stdio ADDRESS TOKEN [COMMAND ARGUMENT...]

import assert from "node:assert/strict";
import { Client as Client2, StreamableHTTPClientTransport as Http2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as Stdio2 } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as Stdio1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as Http1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [way, address, token, command, ...args] = process.argv.slice(2);
const seen = [];
for (const [name, Client, Http, Stdio] of [["sdk 1", Client1, Http1, Stdio1], ["client 2", Client2, Http2, Stdio2]]) {
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  const transport = way === "http"
    ? new Http(new URL(`http://${address}/mcp`), { requestInit })
    : new Stdio({ command, args });
  const client = new Client({ name: "wattle-interop", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(transport);
  const { tools } = await client.listTools();
  assert.equal(tools.length, 4);
  const found = await client.callTool({ name: "search", arguments: { query: "boiler manual" } });
  const hit = found.structuredContent.hits[0];
  assert.ok(hit.device && hit.path && !found.isError);
  const { contents } = await client.readResource({ uri: hit.uri });
  assert.ok(contents[0].text.includes("boiler"));
  seen.push(`${name}: ${tools.length} tools, ${client.getNegotiatedProtocolVersion?.() ?? "handshake"}`);
  await client.close();
}
console.log(seen.join("; "));
