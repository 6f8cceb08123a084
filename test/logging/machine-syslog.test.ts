/** Lines of containers that go to the machine's own syslog, whichever socket it has, and to one by a stream. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";
import { Rsyslog } from "./rsyslog.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-syslog-"));
const rsyslog = new Rsyslog(folder);
/** Holds a mount namespace with a /dev of its own above the machine's. */
let holder: Bun.Subprocess;
let daemon: Daemon;

beforeAll(async () => {
  const script = `
set -e
mkdir -p "$1/dev/upper" "$1/dev/work"
mount -t overlay -o "lowerdir=/dev,upperdir=$1/dev/upper,workdir=$1/dev/work" dev "$1/dev"
for part in pts shm mqueue; do [ ! -d "/dev/$part" ] || mount --rbind "/dev/$part" "$1/dev/$part"; done
mount --rbind "$1/dev" /dev
rm -f /dev/log
touch "$1/ready"
exec sleep infinity`;
  holder = Bun.spawn(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", folder], {
    stdout: "ignore",
    stderr: "inherit",
  });
  await rsyslog.start();
  await until("the namespace", () => Bun.file(join(folder, "ready")).exists());
  daemon = await Daemon.start({ mountns: `/proc/${holder.pid}/ns/mnt` });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  holder?.kill();
  await holder?.exited;
  await rsyslog[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const run = (tag: string, ...options: string[]) =>
  daemon.docker("run", "--rm", "--log-driver=syslog", `--log-opt=tag=${tag}`, ...options, "busybox", "sh", "-c", words);
const words = "echo one; echo two >&2";
/** What listens at /dev/log, as the daemon sees it; null: nobody. */
const listens = (socket: string | null) =>
  sh(["nsenter", "-m", `-t${holder.pid}`, ...(socket ? ["ln", "-sfn", socket, "/dev/log"] : ["rm", "-f", "/dev/log"])]);
const texts = async (tag: string) => (await rsyslog.of(`${tag}[`, 2)).map(({ msg }) => msg.trim()).sort();

test("a stream, by its path", async () => {
  expect(await run("by-stream", `--log-opt=syslog-address=unix://${rsyslog.stream}`)).toMatchObject({ exitCode: 0 });
  expect(await texts("by-stream")).toEqual(["one", "two"]);
  const [message] = await rsyslog.of("by-stream[", 1);
  expect(message?.rawmsg).toMatch(/^<(30|27)>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d by-stream\[\d+\]: (one|two)$/);
});

test("without an address the machine's own: datagrams or a stream", async () => {
  await listens(rsyslog.socket);
  expect(await run("by-datagrams")).toMatchObject({ exitCode: 0 });
  expect(await texts("by-datagrams")).toEqual(["one", "two"]);
  await listens(rsyslog.stream);
  expect(await run("by-own-stream")).toMatchObject({ exitCode: 0 });
  expect(await texts("by-own-stream")).toEqual(["one", "two"]);
});

test("a machine that has none", async () => {
  await listens(null);
  const { exitCode, stderr } = await run("by-nobody");
  expect(exitCode).toBe(125);
  expect(stderr).toContain("failed to initialize logging driver: Unix syslog delivery error");
});
