import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { inspect, logPlugin, type PluginFolder } from "./plugin.ts";

/** A log driver that the engine runs, and `docker logs` of what it has. */
let daemon: Daemon;
let folder: PluginFolder;
let root: string;
let plugin: string;

beforeAll(async () => {
  [daemon, folder] = await Promise.all([Daemon.start(), logPlugin()]);
  await daemon.ok("plugin", "create", "test/log", folder.path);
  await daemon.ok("plugin", "enable", "test/log");
  plugin = (await inspect(daemon, "test/log")).Id;
  const own = join(daemon.dataRoot, "plugins", plugin);
  root = join(own, readdirSync(own).find((name) => name.startsWith("rootfs-")) ?? "");
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

const run = (script: string, ...options: string[]) =>
  daemon.ok("run", "-d", "--stop-timeout=0", "--log-driver=test/log", ...options, "busybox", "sh", "-c", script);
const logs = (...args: string[]) => daemon.docker("logs", ...args);
const kept = (id: string) => {
  const file = join(root, "logs", id);
  return existsSync(file) ? readFileSync(file, "latin1") : "";
};

test("what is written is the plugin's, which gives it back to who asks", async () => {
  const id = await run("echo one; echo two >&2; sleep 0.2; echo three; sleep 1000", "--log-opt=cache-disabled=true");
  await until("the last line", () => kept(id).includes("three"));
  expect(await logs(id)).toMatchObject({ exitCode: 0, stdout: "one\nthree\n", stderr: "two\n" });
  expect(await logs("--tail=1", id)).toMatchObject({ stdout: "three\n", stderr: "" });
  const [first] = (await logs("-t", id)).stdout.split(" ");
  expect(first).toMatch(/^20\d\d-.*Z$/);
  expect((await logs("--since", new Date(Date.parse(first ?? "") + 100).toISOString(), id)).stdout).toBe("three\n");
  expect((await logs("--until", new Date(Date.parse(first ?? "") + 100).toISOString(), id)).stdout).toBe("one\n");

  const following = logs("-f", "--tail=0", id);
  await Bun.sleep(300);
  await daemon.ok("exec", id, "sh", "-c", "echo four > /proc/1/fd/1");
  await until("the line", () => kept(id).includes("four"));
  await daemon.ok("kill", id);
  expect((await following).stdout).toBe("four\n");
  expect((await logs("-f", id)).stdout).toBe("one\nthree\nfour\n");
  expect(readdirSync(join(root, "run/docker/logging"))).toEqual([]);
});

test("killed, alone or with the daemon, it gets what was written meanwhile", async () => {
  const id = await run("i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; sleep 0.05; done; sleep 1000");
  const lines = async () => [...new Set((await logs(id)).stdout.trim().split("\n"))];
  const file = join(daemon.execRoot, "managed/containers", plugin, "pid");
  const pid = () => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);
  await until("lines", () => kept(id).includes("\n"));
  const first = pid();
  process.kill(first, "SIGKILL");
  await until("another process", () => ![0, first].includes(pid()));
  await until("more lines", async () => (await lines()).length > 20);
  await daemon.kill();
  process.kill(pid(), "SIGKILL");
  await daemon.up();
  await until("the last line", () => kept(id).includes("60\n"));
  expect(await lines()).toEqual(Array.from({ length: 60 }, (_, at) => String(at + 1)));
  await daemon.ok("rm", "-f", id);
});

test("one that lies about lines, or goes away, costs no more than an error", async () => {
  const id = await run("echo here");
  await daemon.ok("wait", id);
  expect((await logs(id)).stdout).toBe("here\n");
  await Bun.write(join(root, "logs", id), Buffer.from([0xff, 0xff, 0xff, 0xff, 1]));
  const broken = await logs(id);
  expect(broken).toMatchObject({ exitCode: 1, stdout: "" });
  expect(broken.stderr).toContain("error from daemon in stream: Error grabbing logs: error decoding log message: ");
  await daemon.ok("plugin", "disable", "-f", "test/log");
  expect((await logs(id)).stdout).toBe("here\n");
});

test("of one that cannot read, the engine's own log is shown", async () => {
  await daemon.ok("plugin", "set", "test/log", "READS=false");
  await daemon.ok("plugin", "enable", "test/log");
  const [own, none] = [await run("echo own"), await run("echo none", "--log-opt=cache-disabled=true")];
  await daemon.ok("wait", own, none);
  expect((await logs(own)).stdout).toBe("own\n");
  const refused = await logs(none);
  expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
  expect(refused.stderr).toContain("configured logging driver does not support reading");
  await until("it with the plugin", () => kept(none).includes("none"));
});
