/**
 * Records what the docker CLI sends for each command line of create-cases.ts:
 *
 *     bin/bun test/cli/record-create.ts [DOCKER]
 *
 * A recording engine on a unix socket answers /_ping and /containers/create. Result: testdata/create.json beside
 * the options' tests, one record a case: its exit code and error text, or the query and body it sent. Bodies after
 * the first hold only what differs from it (`NetworkingConfig` as a whole).
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { createCases, splitCase } from "./create-cases.ts";

/** Where the files that cases name lie; the recorded bodies hold absolute paths under it. */
const workDir = "/tmp/berth-create-cases";
const testdata = "src/cli/commands/container/options/testdata";

type JsonObject = Record<string, unknown>;

export interface Recorded {
  line: string;
  code: number;
  stderr: string;
  query?: Record<string, string>;
  body?: unknown;
}

const docker = process.argv[2] ?? "/usr/local/bin/docker";
rmSync(workDir, { recursive: true, force: true });
mkdirSync(workDir, { recursive: true });
for (const file of [
  "env.list",
  "bom.list",
  "bad-env.list",
  "no-name.list",
  "labels.list",
  "seccomp.json",
  "broken.json",
])
  cpSync(`${testdata}/${file}`, `${workDir}/${file}`);

const sent: { query: Record<string, string>; body: JsonObject }[] = [];
const server = Bun.serve({
  unix: `${workDir}/engine.sock`,
  async fetch(request) {
    const url = new URL(request.url);
    const headers = { "Api-Version": "1.50", Ostype: "linux" };
    if (url.pathname === "/_ping") return new Response("OK", { headers });
    if (url.pathname.endsWith("/containers/create")) {
      const body: unknown = await request.json();
      if (isObject(body)) sent.push({ query: Object.fromEntries(url.searchParams), body });
      return Response.json({ Id: "0123456789abcdef", Warnings: [] }, { status: 201, headers });
    }
    return Response.json({ message: `not recorded: ${url.pathname}` }, { status: 500, headers });
  },
});

const records: Recorded[] = [];
let base: JsonObject | undefined;
for (const line of createCases) {
  const child = Bun.spawn([docker, "create", ...splitCase(line)], {
    cwd: workDir,
    env: {
      HOME: workDir,
      DOCKER_HOST: `unix://${workDir}/engine.sock`,
      FOO: "from the environment",
      PATH: "/usr/bin:/bin",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stderr, code] = await Promise.all([child.stderr.text(), child.exited]);
  const last = sent.pop();
  records.push({
    line,
    code,
    stderr,
    ...(last && { query: last.query, body: base ? difference(base, last.body) : last.body }),
  });
  base ??= last?.body;
}
await server.stop(true);
rmSync(workDir, { recursive: true, force: true });
await Bun.write(`${testdata}/create.json`, `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`);
console.log(`${records.length} cases`);

/** The keys of `body` that differ from the base; those the base has and `body` has not are listed under `absent`. */
function difference(from: JsonObject | undefined, body: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const key in body) {
    const [was, is] = [from?.[key], body[key]];
    if (key === "HostConfig" && isObject(was) && isObject(is)) {
      const inner = difference(was, is);
      if (Object.keys(inner).length > 0) out[key] = inner;
    } else if (JSON.stringify(was) !== JSON.stringify(is)) out[key] = is;
  }
  const absent = Object.keys(from ?? {}).filter((key) => !(key in body));
  return absent.length > 0 ? { ...out, absent } : out;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
