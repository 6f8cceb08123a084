/**
 * Cycles of create, start, attach, exec, logs, events, wait and remove against a daemon of its own, with a table of
 * what the daemon holds on the way: memory, descriptors, rows, files. All of it must stay flat. `bin/bun bench/soak.ts
 * [--cycles 2000] [--workers 3] [--samples 10]`; runs `dist/berth` where that was built.
 */
import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const argv = process.argv.slice(2);
const option = (name: string, fallback: number) => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(argv[at + 1] ?? fallback);
};
const cycles = option("cycles", 2000);
const workers = option("workers", 3);
const samples = option("samples", 10);

const built = resolve(import.meta.dir, "../dist/berth");
if (process.env.BERTH_BINARY === undefined && existsSync(built)) process.env.BERTH_BINARY = built;
// The harness reads the variable when it is loaded.
const { Daemon, until } = await import("../test/harness.ts");

interface Sample {
  cycles: number;
  "rss MB": number;
  "pss MB": number;
  fds: number;
  threads: number;
  rows: number;
  "exec root files": number;
  "data root files": number;
  processes: number;
  "ms/cycle": number;
}

const daemon = await Daemon.start({ args: ["--log-level", "warn"] });
const table: Sample[] = [];
const failures: string[] = [];
try {
  await sample(0, 0);
  let next = 0;
  let mark = performance.now();
  const step = Math.max(1, Math.ceil(cycles / samples));
  for (let done = 0; done < cycles; ) {
    const end = Math.min(cycles, done + step);
    await Promise.all(
      Array.from({ length: workers }, async () => {
        while (next < end) {
          const number = next++;
          await cycle(number).catch(
            (error: unknown) =>
              void failures.push(`cycle ${number}: ${error instanceof Error ? error.message : String(error)}`),
          );
        }
      }),
    );
    const took = (performance.now() - mark) / (end - done);
    done = end;
    await sample(done, took);
    mark = performance.now();
  }
  console.table(table);
  console.log(`${cycles} cycles, ${failures.length} failed`);
  for (const failure of failures.slice(0, 20)) console.log(failure);
} finally {
  await daemon[Symbol.asyncDispose]();
}

/** One container's life with everything that streams. */
async function cycle(number: number): Promise<void> {
  const name = `soak${number}`;
  const word = `words of ${number}`;
  const left = new AbortController();
  // A follower that leaves before the end, as clients do.
  const events = fetch(`http://d/events?filters=${encodeURIComponent(JSON.stringify({ container: [name] }))}`, {
    unix: daemon.socket,
    signal: left.signal,
  })
    .then((response) => response.text())
    .catch(() => "");
  const create = await post(`/containers/create?name=${name}`, {
    Image: "busybox",
    Cmd: ["sh", "-c", `echo ${word}; sleep 1000`],
    HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
    Volumes: { "/data": {} },
  });
  const id: string = create.Id;
  await post(`/containers/${id}/start`);
  const follower = await fetch(`http://d/containers/${id}/logs?follow=1&stdout=1`, { unix: daemon.socket });
  let followed = "";
  const follow = (async () => {
    for await (const chunk of follower.body ?? []) followed += Buffer.from(chunk).toString();
  })();
  const gone = fetch(`http://d/containers/${id}/logs?follow=1&stdout=1`, { unix: daemon.socket, signal: left.signal })
    .then((response) => response.text())
    .catch(() => "");
  const exec = await post(`/containers/${id}/exec`, { Cmd: ["echo", "here"], AttachStdout: true });
  const said = await fetch(`http://d/exec/${exec.Id}/start`, {
    unix: daemon.socket,
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  }).then((response) => response.text());
  if (!said.includes("here")) throw new Error(`exec said ${JSON.stringify(said)}`);
  await daemon.api("GET", `/containers/${id}/stats?stream=0&one-shot=1`);
  await daemon.api("GET", "/containers/json?all=1&size=1");
  left.abort();
  // Killed earlier, it may have had no turn to speak.
  await until("the container's words", () => followed.includes(word)).catch(async (error: unknown) => {
    const { text } = await daemon.api("GET", `/containers/${id}/logs?stdout=1`);
    throw new Error(
      `${String(error)}: a follower saw ${JSON.stringify(followed)}, the logs hold ${JSON.stringify(text)}`,
    );
  });
  const wait = daemon.api("POST", `/containers/${id}/wait`);
  await post(`/containers/${id}/kill`);
  const code: unknown = (await wait).json?.StatusCode;
  if (code !== 137) throw new Error(`exit code ${String(code)}`);
  await follow;
  const removed = await daemon.api("DELETE", `/containers/${id}?v=1`);
  if (removed.status !== 204) throw new Error(removed.text);
  await Promise.all([events, gone]);
}

async function post(path: string, body?: unknown) {
  const { status, json, text } = await daemon.api("POST", path, body);
  if (status >= 400) throw new Error(`POST ${path}: ${status} ${text}`);
  return json;
}

/** Measured when the daemon has had a quiet moment, in which it gives memory back. */
async function sample(done: number, took: number): Promise<void> {
  await Bun.sleep(12_000);
  const pid = await serverPid();
  const smaps = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(smaps)?.[1] ?? 0);
  const entry: Sample = {
    cycles: done,
    "rss MB": Math.round(kilobytes("Rss") / 102.4) / 10,
    "pss MB": Math.round(kilobytes("Pss") / 102.4) / 10,
    fds: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    rows: rows(),
    "exec root files": filesIn(daemon.execRoot),
    "data root files": filesIn(daemon.dataRoot),
    processes: readdirSync("/proc").filter((each) => /^\d+$/.test(each) && commandOf(each).includes(daemon.root))
      .length,
    "ms/cycle": Math.round(took),
  };
  table.push(entry);
  console.log(JSON.stringify(entry));
}

/** The process that has the API's socket: a launcher may stand before it. */
async function serverPid(): Promise<number> {
  return Number(readFileSync(join(daemon.root, "berth.pid"), "utf8").trim());
}

function rows(): number {
  // The daemon lets nobody else open it: a copy, with its log.
  const copy = join(daemon.root, "berth.db");
  for (const end of ["", "-wal"]) copyFileSync(join(daemon.dataRoot, `berth.db${end}`), copy + end);
  const database = new Database(copy);
  try {
    const names = database.query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    return names.reduce(
      (sum, { name }) => sum + (database.query<{ n: number }, []>(`SELECT count(*) AS n FROM "${name}"`).get()?.n ?? 0),
      0,
    );
  } finally {
    database.close();
  }
}

function filesIn(root: string): number {
  try {
    return readdirSync(root, { recursive: true }).length;
  } catch {
    return -1;
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
