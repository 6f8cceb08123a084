/**
 * A receiver that is slow, away or killed stops no container and no call; what the log keeps comes when it is back,
 * also through a daemon that was killed.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon, freePort, until } from "../harness.ts";
import { Rsyslog } from "./rsyslog.ts";
import { Sink } from "./sink.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-away-"));
let daemon: Daemon;
const rsyslog = new Rsyslog(folder);
beforeAll(async () => {
  [daemon] = await Promise.all([Daemon.start(), rsyslog.start()]);
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await rsyslog[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** A container of a few seconds that counts, to a syslog by TCP. */
const count = (name: string, port: number, to: number, pause: string, ...options: string[]) =>
  daemon.ok(
    "run",
    "-d",
    `--name=${name}`,
    "--stop-timeout=0",
    "--log-driver=syslog",
    `--log-opt=syslog-address=tcp://127.0.0.1:${port}`,
    `--log-opt=tag=${name}`,
    ...options,
    "busybox",
    "sh",
    "-c",
    pause === ""
      ? `awk 'BEGIN { for (i = 1; i <= ${to}; i++) print "line " i "." }'`
      : `i=0; while [ $i -lt ${to} ]; do i=$((i+1)); echo "line $i."; sleep ${pause}; done`,
  );
const numbers = (texts: string[]) =>
  texts.flatMap((text) => [...text.matchAll(/line (\d+)\./g)].map(([, n]) => Number(n)));
const received = (name: string) =>
  numbers(rsyslog.messages.filter(({ rawmsg }) => rawmsg.includes(`${name}[`)).map(({ msg }) => msg));
const all = (to: number) => Array.from({ length: to }, (_, at) => at + 1);
const unique = (found: number[]) => [...new Set(found)];

test("rsyslogd stops and comes back: every line arrives, in order", async () => {
  await count("restarted", rsyslog.tcp, 60, "0.05");
  await until("lines", () => received("restarted").length > 10);
  await rsyslog.stop();
  const before = received("restarted").length;
  await until("lines meanwhile", async () => (await daemon.ok("logs", "restarted")).split("\n").length > before + 10);
  await rsyslog.start();
  await until("the last line", () => received("restarted").includes(60));
  expect(unique(received("restarted"))).toEqual(all(60));
  expect(daemon.log()).toContain("cannot send a container's log");
});

test("the daemon is killed, and the next goes on where it was: no more comes twice than was under way", async () => {
  await count("killed", rsyslog.tcp, 80, "0.05");
  await until("lines", () => received("killed").length > 20);
  await daemon.kill();
  await daemon.up();
  await until("the last line", () => received("killed").includes(80));
  expect(unique(received("killed"))).toEqual(all(80));
  expect(received("killed").length).toBeLessThan(80 + 5);
});

test("what is left at the end comes also where the daemon was away at that time", async () => {
  await count("ended", rsyslog.tcp, 30, "0.03");
  const log = Bun.file(
    `${daemon.dataRoot}/containers/${await daemon.ok("inspect", "-f", "{{.Id}}", "ended")}/logs/container.log`,
  );
  await until("lines", () => received("ended").length > 5);
  await daemon.kill();
  await until("its last line", async () => (await log.text()).includes("line 30."));
  await daemon.up();
  await until("the last line", () => received("ended").includes(30));
  expect(unique(received("ended"))).toEqual(all(30));
});

test("one that does not read stops no container and no call", async () => {
  await using sink = await Sink.start();
  sink.hold();
  await count("blocked", sink.port, 200_000, "");
  await daemon.ok("wait", "blocked");
  expect(await daemon.ok("logs", "-n", "1", "blocked")).toBe("line 200000.");
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", "blocked")).toBe("exited");
  // What it did not read yet is much more than any socket takes: it comes as it reads.
  expect(numbers([sink.text]).length).toBeLessThan(200_000);
  sink.read();
  await until("all of it", () => sink.text.includes("line 200000."));
  expect(numbers([sink.text])).toEqual(all(200_000));

  sink.hold();
  await count("removed", sink.port, 200_000, "");
  await daemon.ok("wait", "removed");
  const began = Date.now();
  await daemon.ok("rm", "removed");
  expect(Date.now() - began).toBeLessThan(8_000);
});

test("in non-blocking mode no more waits for it than the buffer holds, the newest", async () => {
  await using sink = await Sink.start();
  sink.hold();
  const options = ["--log-opt=mode=non-blocking", "--log-opt=max-buffer-size=200k"];
  await count("bounded", sink.port, 400_000, "", ...options);
  await daemon.ok("wait", "bounded");
  await Bun.sleep(1_500);
  sink.read();
  await until("the end", () => sink.text.includes("line 400000."));
  const came = numbers([sink.text]);
  const gaps = came.flatMap((n, at) => (at > 0 && n !== (came[at - 1] ?? 0) + 1 ? [at] : []));
  expect(gaps.length).toBe(1);
  // 400 kB of log at most: the buffer and what is read at once.
  expect(came.length - (gaps[0] ?? 0)).toBeLessThan(10_000);
  expect(daemon.log()).toContain("was not sent in time: its buffer was full");
});

test("a receiver that is not there: the start fails in Docker's words, and nothing is left of it", async () => {
  const port = freePort();
  const result = await daemon.docker(
    "run",
    "--log-driver=syslog",
    `--log-opt=syslog-address=tcp://127.0.0.1:${port}`,
    "--name=none",
    "busybox",
    "true",
  );
  expect(result.exitCode).toBe(125);
  expect(result.stderr).toContain(
    "failed to create task for container: failed to initialize logging driver: " +
      `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "none")).toBe("created 128");
});

test("a container whose receiver is away goes at once", async () => {
  const sink = await Sink.start();
  const id = await count("gone", sink.port, 10_000, "0.05");
  await until("lines", () => sink.text.includes("line 3."));
  await sink[Symbol.asyncDispose]();
  const failure = (line: string) => line.includes("cannot send a container's log") && line.includes(id);
  await until("the failure", () => daemon.log().split("\n").some(failure));
  const began = Date.now();
  await daemon.ok("rm", "-f", "gone");
  expect(Date.now() - began).toBeLessThan(3_000);
});
