/** Lines of containers as entries of a real systemd-journald, and what `docker logs` shows of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logFiles } from "../../src/runtime/logs/files.ts";
import { Daemon, until } from "../harness.ts";
import { Journal } from "./journal.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-journal-"));
const journal = new Journal(folder);
let daemon: Daemon;
beforeAll(async () => {
  await journal.start();
  daemon = await Daemon.start({ mountns: journal.mountns });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const run = (command: string, ...options: string[]) =>
  daemon.ok("run", "-d", "--log-driver=journald", ...options, "busybox", "sh", "-c", command);
async function entriesOf(id: string, count: number) {
  const entries = () => journal.entries(`CONTAINER_ID_FULL=${id}`);
  await until(`${count} entries`, async () => (await entries()).length === count);
  return (await entries()).sort((a, b) => Number(a["CONTAINER_LOG_ORDINAL"]) - Number(b["CONTAINER_LOG_ORDINAL"]));
}

test("fields of an entry", async () => {
  const options = ["--name=jd", "--label=l.1=x", "--env=_a=two\nlines", "--log-opt=labels=l.1", "--log-opt=env=_a"];
  const id = await run("echo one; echo; sleep 0.1; echo two >&2", ...options, "--log-opt=tag={{.Name}}/{{.ID}}");
  const tag = `jd/${id.slice(0, 12)}`;
  const [first, empty, second] = await entriesOf(id, 3);
  expect(first).toMatchObject({
    _TRANSPORT: "journal",
    PRIORITY: "6",
    MESSAGE: "one",
    CONTAINER_ID: id.slice(0, 12),
    CONTAINER_ID_FULL: id,
    CONTAINER_NAME: "jd",
    CONTAINER_TAG: tag,
    SYSLOG_IDENTIFIER: tag,
    IMAGE_NAME: "busybox",
    CONTAINER_LOG_ORDINAL: "1",
    L_1: "x",
    A: "two\nlines",
  });
  expect(first?.["SYSLOG_TIMESTAMP"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/);
  expect(first?.["CONTAINER_LOG_EPOCH"]).toMatch(/^[0-9a-f]{64}$/);
  expect(empty).toMatchObject({ MESSAGE: "", CONTAINER_LOG_ORDINAL: "2" });
  expect(second).toMatchObject({ MESSAGE: "two", PRIORITY: "3", CONTAINER_LOG_EPOCH: first?.["CONTAINER_LOG_EPOCH"] });
});

test("a long line comes in pieces, one without an end as a piece; logs shows them whole", async () => {
  const id = await run("head -c 17000 /dev/zero | tr '\\0' x; echo; printf end", "--log-opt=cache-disabled=true");
  const [first, second, end] = await entriesOf(id, 3);
  const partial_id = first?.["CONTAINER_PARTIAL_ID"] ?? "";
  expect(first).toMatchObject({
    MESSAGE: "x".repeat(16_384),
    CONTAINER_PARTIAL_MESSAGE: "true",
    CONTAINER_PARTIAL_ORDINAL: "1",
    CONTAINER_PARTIAL_LAST: "false",
  });
  expect(second).toMatchObject({
    MESSAGE: "x".repeat(616),
    CONTAINER_PARTIAL_ID: partial_id,
    CONTAINER_PARTIAL_ORDINAL: "2",
    CONTAINER_PARTIAL_LAST: "true",
  });
  expect(second?.["CONTAINER_PARTIAL_MESSAGE"]).toBeUndefined();
  expect(end).toMatchObject({ MESSAGE: "end", CONTAINER_PARTIAL_MESSAGE: "true", CONTAINER_PARTIAL_ORDINAL: "1" });
  expect(await daemon.ok("logs", id)).toBe(`${"x".repeat(17_000)}\nend`);
});

test("the journal is stopped for a while: what was said meanwhile comes later", async () => {
  const id = await run("for i in 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.2; done");
  await until("a line", async () => (await journal.entries(`CONTAINER_ID_FULL=${id}`)).length > 1);
  journal.freeze();
  await daemon.ok("wait", id);
  journal.thaw();
  expect((await entriesOf(id, 9)).map((entry) => entry["MESSAGE"])).toEqual(
    Array.from({ length: 9 }, (_, at) => `line ${at + 1}`),
  );
});

test("what the engine has no more of a log is read from the journal", async () => {
  const script =
    "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo number $i; [ $((i%50)) = 0 ] && sleep 0.05; done; sleep 1000";
  const id = await run(script, "--stop-timeout=0", "--log-opt=cache-max-size=8k", "--log-opt=cache-max-file=2");
  const sent = async () => (await journal.entries(`CONTAINER_ID_FULL=${id}`, "MESSAGE=number 2000")).length > 0;
  await until("the last line in the journal", sent);
  const numbers = (from: number, to = 2000) =>
    Array.from({ length: to - from + 1 }, (_, at) => `number ${from + at}\n`).join("");
  const logs = async (...args: string[]) => (await daemon.docker("logs", ...args, id)).stdout;
  const own = logFiles(join(daemon.dataRoot, "containers", id, "logs/container.log"));
  expect(own[0]?.sequence).toBeGreaterThan(1);

  expect(await logs()).toBe(numbers(1));
  expect(await logs("--tail=1500")).toBe(numbers(501));
  expect(await logs("-n", "3")).toBe(numbers(1998));
  const times = (await logs("-t")).split("\n").map((line) => line.split(" ")[0] ?? "");
  const [at, next] = [times[299] ?? "", times.find((time) => time > (times[299] ?? "")) ?? ""];
  expect(await logs("--until", at)).toBe(numbers(1, times.lastIndexOf(at) + 1));
  expect(await logs("--since", next)).toBe(numbers(times.indexOf(next) + 1));

  const following = logs("-f", "--tail=1900");
  await Bun.sleep(500);
  await daemon.ok("exec", id, "sh", "-c", "echo number 2001 > /proc/1/fd/1");
  await until("it in the log", async () => (await logs("--tail=1")) === numbers(2001, 2001));
  await daemon.ok("rm", "-f", id);
  expect(await following).toBe(numbers(101, 2001));
});
