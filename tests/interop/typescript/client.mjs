// The TypeScript SDK: every call of a job (tests/interop/job.py), then one that is aborted.
// Version 2 of the SDK knows both eras of the protocol; version 1, which most clients in the field are built on, the one with a handshake.

import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import * as v2 from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const job = JSON.parse(process.argv[2]);
const old = process.argv[3] === "v1";

function filled(value, results) {
  if (Array.isArray(value)) return value.map((item) => filled(item, results));
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, results)]));
  if (typeof value !== "string" || !value.startsWith("$")) return value;
  const [name, ...path] = value.slice(1).split(".");
  return path.reduce((found, part) => found[part], results[name].structured);
}

const [Client, Stdio, Http] = old ? [ClientV1, StdioV1, HttpV1] : [v2.Client, StdioV2, v2.StreamableHTTPClientTransport];
const mode = job.era === "modern" ? { pin: "2026-07-28" } : "legacy";
const client = new Client({ name: "medvid-interop", version: "1" }, old ? {} : { versionNegotiation: { mode } });
const transport = job.url
  ? new Http(new URL(job.url))
  : new Stdio({ command: job.command[0], args: job.command.slice(1), env: job.env, stderr: "inherit" });
await client.connect(transport);

const call = (name, args, options) =>
  old ? client.callTool({ name, arguments: args }, undefined, options) : client.callTool({ name, arguments: args }, options);

const { tools } = await client.listTools();
const results = {};
for (const { name, arguments: args, until } of job.calls) {
  do {
    const given = await call(name, filled(args, results));
    const text = given.content.filter((block) => block.type === "text").map((block) => block.text).join("\n");
    results[name] = { text, structured: given.structuredContent ?? null, is_error: given.isError ?? false };
    if (until) await sleep(300);
  } while (until && !results[name].is_error && results[name].structured[until[0]] !== until[1]);
}

const stop = new AbortController();
let progress = 0;
let started;
const start = new Promise((resolve) => { started = resolve; });
const talk = call(job.cancel.name, filled(job.cancel.arguments, results), {
  signal: stop.signal,
  onprogress: () => { progress += 1; started(); },
}).then(() => "answered", () => "aborted");
await start;
await sleep(1000);
stop.abort("enough");
if ((await talk) !== "aborted") throw new Error("the call was answered before it could be aborted");
await sleep(1000);

const own = createRequire(import.meta.url);
const name = old ? "@modelcontextprotocol/sdk" : "@modelcontextprotocol/client";
const version = own("./package.json").dependencies[name];
console.log(JSON.stringify({
  client: `TypeScript SDK ${version}`, tools: tools.map((tool) => tool.name), results, progress, stayed: true,
}));
await client.close();
