/** A database keeps its data, whatever happens to the volume below it, to the engine and to the machine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start({ images: ["postgres"], args: ["--loop-quotas"] });
}, 900_000);
afterAll(() => daemon?.[Symbol.asyncDispose]());

const bin = "/usr/lib/postgresql/15/bin";
/** Makes the database where there is none, and serves it. */
const serve = `set -e
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
[ -e /data/main ] || { mkdir -m 700 /data/main && chown postgres:postgres /data/main; }
[ -s /data/main/PG_VERSION ] || as ${bin}/initdb -D /data/main -A trust --wal-segsize=1 >/dev/null
exec setpriv --reuid postgres --regid postgres --clear-groups \\
  ${bin}/postgres -D /data/main -k /tmp -c listen_addresses=`;

const sql = (name: string, text: string) => daemon.docker("exec", name, "psql", "-h/tmp", "-Upostgres", "-Atc", text);

/** A server named `name` upon the mount `source`, up and answering. */
async function start(name: string, source: string, ...flags: string[]): Promise<void> {
  await daemon.ok("run", "-d", "--name", name, "-v", `${source}:/data`, ...flags, "postgres", "bash", "-c", serve);
  await answers(name);
}

async function answers(name: string): Promise<void> {
  await until(`${name} to answer`, async () => (await sql(name, "select 1")).stdout === "1\n");
}

/** Writes rows, one a transaction, until `stop`; `written`: those that the database said it has. */
function write(name: string): { written: readonly number[]; stop: () => Promise<readonly number[]> } {
  const written: number[] = [];
  let going = true;
  const work = (async () => {
    while (going) {
      const { exitCode, stdout } = await sql(name, "insert into rows default values returning id");
      if (exitCode === 0) written.push(Number(stdout.split("\n")[0]));
    }
  })();
  return {
    written,
    async stop() {
      going = false;
      await work;
      return written;
    },
  };
}

const rows = async (name: string) =>
  (await sql(name, "select id from rows order by id")).stdout.trim().split("\n").map(Number);

/** As when the machine loses its power: the engine, the monitor and the container end at once, without a word. */
async function cutPower(name: string): Promise<void> {
  const pid = Number(await daemon.ok("inspect", "-f", "{{.State.Pid}}", name));
  const monitor = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  expect(readFileSync(`/proc/${monitor}/comm`, "utf8")).toBe("conmon\n");
  process.kill(monitor, "SIGKILL");
  process.kill(pid, "SIGKILL");
  await daemon.kill();
}

test("the engine is killed while rows are written, and then everything at once", async () => {
  await start("db", "first");
  expect((await sql("db", "create table rows (id serial primary key)")).exitCode).toBe(0);
  const pid = await daemon.ok("inspect", "-f", "{{.State.Pid}}", "db");
  const writing = write("db");
  const more = () => {
    const before = writing.written.length;
    return until("more rows", () => writing.written.length > before + 5);
  };
  await more();
  await daemon.kill();
  await daemon.up();
  await more();
  expect(await daemon.ok("inspect", "-f", "{{.State.Pid}}", "db")).toBe(pid);
  await cutPower("db");
  const written = await writing.stop();
  await daemon.up();
  await daemon.ok("start", "db");
  await answers("db");
  expect(await rows("db")).toEqual(expect.arrayContaining([...written]));
}, 120_000);

test("the volume gets another name", async () => {
  const before = await rows("db");
  await daemon.ok("rm", "-f", "db");
  await volume("rename", "first", "second");
  await start("db", "second");
  expect(await rows("db")).toEqual(before);
}, 120_000);

test("a snapshot while rows are written is of one moment", async () => {
  const writing = write("db");
  await until("some rows", () => writing.written.length > 5);
  const before = [...writing.written];
  await volume("snapshot", "second", "then");
  const after = writing.written.length;
  await until("more rows", () => writing.written.length > after + 5);
  const all = await writing.stop();
  await start("past", "then");
  const kept = await rows("past");
  expect(kept).toEqual(expect.arrayContaining(before));
  expect(kept.length).toBeLessThan((await rows("db")).length);
  expect(await rows("db")).toEqual(expect.arrayContaining([...all]));
  // Whole up to that moment: of what was written, no earlier row is missing.
  const last = Math.max(...kept);
  expect(kept).toEqual(expect.arrayContaining(all.filter((row) => row <= last)));
}, 120_000);

test("a volume that is full ends no more than the statement that wants more; others go on", async () => {
  await daemon.ok("volume", "create", "-o", "size=96m", "small");
  await start("tight", "small");
  await sql("tight", "create table rows (id serial primary key)");
  const elsewhere = write("db");
  await sql("tight", "create unlogged table much (what text); alter table much alter what set storage external");
  const more = "insert into much select repeat('x', 100000) from generate_series(1, 1000)";
  const full = await sql("tight", more);
  expect([full.exitCode, full.stderr]).toEqual([1, expect.stringContaining("No space left on device")]);
  await until("rows elsewhere", () => elsewhere.written.length > 5);
  await elsewhere.stop();
  expect(await sql("tight", "drop table much")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await sql("tight", "insert into rows default values")).toMatchObject({ exitCode: 0, stderr: "" });
  await daemon.ok("restart", "tight");
  await answers("tight");
  expect(await rows("tight")).toEqual([1]);
  await daemon.ok("rm", "-f", "tight", "past", "db");
}, 120_000);

async function volume(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await daemon.berth("volume", ...args);
  expect([exitCode, stderr]).toEqual([0, ""]);
}
