/** Lines of containers through the pipes of a log plugin, which may end and come back. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { LogPlugin } from "./log-plugin.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-logplugin-"));
const plugins = join(folder, "plugins");
let plugin: LogPlugin;
let daemon: Daemon;
beforeAll(async () => {
  mkdirSync(plugins);
  plugin = new LogPlugin(join(plugins, "logs.sock"));
  daemon = await Daemon.start({ args: ["--plugin-dir", plugins] });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  plugin?.[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const run = (command: string, ...options: string[]) =>
  daemon.docker("run", "-d", "--log-driver=logs", ...options, "busybox", "sh", "-c", command);
const pipes = () => (existsSync("/run/docker/logging") ? readdirSync("/run/docker/logging") : []);
const lines = () => plugin.entries.splice(0).map(({ line }) => line);

test("is asked as Docker asks it, and gets what is written", async () => {
  const before = pipes();
  const script = "echo one; echo two >&2; head -c 17000 /dev/zero | tr '\\0' x; echo; printf end";
  const { stdout } = await run(
    script,
    "--name=lp",
    "--label=l=1",
    "--env=A=1",
    "--log-opt=foo=bar",
    "--stop-timeout=0",
  );
  const id = stdout.trim();
  await until("its end", () => plugin.ended === 1);
  const started = plugin.asked.find(({ method }) => method === "LogDriver.StartLogging")?.body as Record<string, any>;
  expect(started["File"]).toMatch(/^\/run\/docker\/logging\/[0-9a-f]{64}$/);
  expect(started["Info"]).toEqual({
    Config: { foo: "bar" },
    ContainerID: id,
    ContainerName: "/lp",
    ContainerEntrypoint: "sh",
    ContainerArgs: ["-c", script],
    ContainerImageID: await daemon.ok("inspect", "-f", "{{.Image}}", id),
    ContainerImageName: "busybox",
    ContainerCreated: await daemon.ok("inspect", "-f", "{{.Created}}", id),
    ContainerEnv: expect.arrayContaining(["A=1"]),
    ContainerLabels: { l: "1" },
    LogPath: "",
    DaemonName: "docker",
  });
  const asked = [
    "Plugin.Activate",
    ...["Capabilities", "StartLogging", "StopLogging"].map((name) => `LogDriver.${name}`),
  ];
  expect(plugin.methods()).toEqual(asked);
  const entries = plugin.entries.splice(0);
  expect(entries.find(({ source }) => source === "stderr")).toMatchObject({ line: "two", partial: false });
  const [one, first, second, end] = entries.filter(({ source }) => source === "stdout");
  expect(one).toMatchObject({ line: "one", partial: false, piece: undefined });
  const line = first?.piece?.id ?? "";
  expect(first).toMatchObject({ partial: true, piece: { last: false, id: line, ordinal: 1 } });
  expect(second).toMatchObject({ line: "x".repeat(616), partial: true, piece: { last: true, id: line, ordinal: 2 } });
  expect(end).toMatchObject({ line: "end", partial: true, piece: { last: false, ordinal: 1 } });
  expect(await daemon.docker("logs", id)).toMatchObject({ stdout: `one\n${"x".repeat(17_000)}\nend`, stderr: "two\n" });
  expect(pipes()).toEqual(before);
});

test("ends and comes back: every line comes", async () => {
  const { stdout } = await run(
    "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.05; done",
    "--stop-timeout=0",
  );
  await until("lines", () => plugin.entries.length > 5);
  await plugin.leave();
  const before = plugin.entries.length;
  await until("lines meanwhile", async () => (await daemon.ok("logs", stdout.trim())).split("\n").length > before + 10);
  plugin.come();
  await until("the last line", () => plugin.entries.at(-1)?.line === "40");
  expect([...new Set(lines())]).toEqual(Array.from({ length: 40 }, (_, at) => String(at + 1)));
  plugin.methods();
});

test("the daemon is killed, and the next tells the plugin of another pipe", async () => {
  await run("i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.05; done", "--stop-timeout=0");
  await until("lines", () => plugin.entries.length > 5);
  await daemon.kill();
  await daemon.up();
  await until("the last line", () => plugin.entries.at(-1)?.line === "40");
  expect([...new Set(lines())]).toEqual(Array.from({ length: 40 }, (_, at) => String(at + 1)));
  expect(plugin.methods().filter((method) => method === "LogDriver.StartLogging").length).toBe(2);
});

test("one that refuses, and one that is not there", async () => {
  plugin.refusal = "not today";
  const refused = await run("true");
  plugin.refusal = "";
  expect(refused.exitCode).toBe(125);
  expect(refused.stderr).toContain(
    "failed to create task for container: failed to initialize logging driver: error creating logger: not today",
  );
  const absent = await daemon.docker("run", "--log-driver=nosuch", "busybox", "true");
  expect(absent.stderr).toContain('error looking up logging plugin nosuch: plugin "nosuch" not found');
  expect(absent.exitCode).toBe(125);
});

test("one that does not answer holds up neither inspect nor removal", async () => {
  const { stdout } = await run("echo one; sleep 1000", "--stop-timeout=0");
  const id = stdout.trim();
  await until("a line", () => plugin.entries.length > 0);
  plugin.hang();
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", id)).toBe("running");
  const began = Date.now();
  await daemon.ok("rm", "-f", id);
  expect(Date.now() - began).toBeLessThan(9_000);
});
