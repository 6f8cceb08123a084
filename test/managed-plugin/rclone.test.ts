import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readMounts } from "../../src/linux/mountinfo.ts";
import { Daemon, until } from "../harness.ts";
import { Remote } from "../plugin/rclone.ts";
import { RegistryProcess } from "../registry/process.ts";
import { inspect } from "./plugin.ts";
import { rclonePlugin } from "./rclone.ts";

/** Debian's rclone as a managed plugin, which stores over WebDAV on loopback: pushed, installed, killed, taken away. */
const ends = new AsyncDisposableStack();
let daemon: Daemon;
let webdav: Remote;
let root: string;
let ref: string;

beforeAll(async () => {
  root = ends.adopt(mkdtempSync("/tmp/berth-rclone-plugin-"), (path) => rmSync(path, { recursive: true })) as string;
  mkdirSync(`${root}/cache`);
  webdav = ends.use(await Remote.serve("webdav", `${root}/webdav`));
  const registry = ends.use(await RegistryProcess.start());
  daemon = ends.use(await Daemon.start());
  ref = `${registry.address}/test/rclone:debian`;
  using folder = await rclonePlugin();
  await daemon.ok("plugin", "create", ref, folder.path);
  await daemon.ok("plugin", "push", ref);
  await daemon.ok("plugin", "rm", ref);
});
afterAll(() => ends.disposeAsync());

const create = (name: string) =>
  daemon.ok("volume", "create", "-d", "rclone", ...webdav.options.flatMap((option) => ["-o", option]), name);
const start = (name: string, ...args: string[]) =>
  daemon.ok("run", "-d", "--name", name, "--stop-timeout", "1", "-v", "dav:/x", ...args, "busybox", "sleep", "1000");
const write = (name: string, file: string, text: string) =>
  daemon.ok("exec", name, "sh", "-c", `echo ${text} > /x/${file}`);
const read = (name: string, file: string) => daemon.ok("exec", name, "cat", `/x/${file}`);
const arrived = (file: string, text: string) =>
  until(`${file} on the other side`, () => {
    const path = `${webdav.folder}/${file}`;
    return existsSync(path) && readFileSync(path, "utf8") === `${text}\n`;
  });
const id = async () => (await inspect(daemon, "rclone")).Id as string;
/** The plugin's first process, as this machine numbers it; 0: there is none. */
const pidOf = (plugin: string) => {
  const file = join(daemon.execRoot, "managed/containers", plugin, "pid");
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
};
/** What it has mounted for others. */
const mounted = () =>
  readMounts().flatMap(({ target, type }) => (target.startsWith(daemon.dataRoot) && /fuse/.test(type) ? [target] : []));

async function killed(plugin: string): Promise<void> {
  const before = pidOf(plugin);
  process.kill(before, "SIGKILL");
  await until("another process", () => ![0, before].includes(pidOf(plugin)));
}

test.each(["docker", "berth"] as const)(
  "%s installs it from a registry, with what it wants granted",
  async (client) => {
    const run = (...args: string[]) => daemon[client]("plugin", ...args);
    const privileges = (await daemon.api("GET", `/plugins/privileges?remote=${ref}`)).json;
    expect(privileges).toMatchObject([
      { Name: "network", Value: ["host"] },
      { Name: "mount", Value: [""] },
      { Name: "device", Value: ["/dev/fuse"] },
      { Name: "capabilities", Value: ["CAP_SYS_ADMIN"] },
    ]);
    const cache = `cache.source=${root}/cache`;
    const installed = await run(
      "install",
      "--grant-all-permissions",
      "--alias",
      "rclone",
      ref,
      cache,
      "args=--allow-other",
    );
    expect([installed.exitCode, installed.stderr]).toEqual([0, ""]);
    expect(installed.stdout).toContain(`Installed plugin ${ref}`);
    expect((await run("ls", "--format", "{{.Name}} {{.Enabled}}")).stdout.trim()).toBe("rclone:latest true");
    if (client === "berth") return;
    expect((await run("disable", "rclone")).exitCode).toBe(0);
    expect((await run("rm", "rclone")).exitCode).toBe(0);
  },
);

test("two containers share a volume, and what they write is on the other side", async () => {
  writeFileSync(`${webdav.folder}/before`, "here already\n");
  await create("dav");
  await start("one");
  await start("two", "-u", "1000");
  expect(await read("one", "before")).toBe("here already");
  await write("one", "file", "hello");
  expect(await read("two", "file")).toBe("hello");
  await arrived("file", "hello");
  const [{ Status, Mountpoint, Driver }] = JSON.parse(await daemon.ok("volume", "inspect", "dav"));
  expect([Driver, Mountpoint, Status.Mounts.length]).toEqual(["rclone:latest", "/mnt/dav", 2]);
  expect(mounted()).toEqual([join(daemon.dataRoot, "plugins", await id(), "propagated-mount/dav")]);
  await daemon.ok("rm", "-f", "one");
  expect(await read("two", "file")).toBe("hello");
  await daemon.ok("rm", "-f", "two");
  expect(mounted()).toEqual([]);
});

test("what was only in its cache when it was killed is stored when the volume is mounted next", async () => {
  const late = webdav.options.map((option) => option.replace("vfs-write-back=0s", "vfs-write-back=3s"));
  await daemon.ok("volume", "create", "-d", "rclone", ...late.flatMap((option) => ["-o", option]), "late");
  const run = ["run", "-d", "--name", "late", "--stop-timeout=0", "-v", "late:/x", "busybox", "sleep", "1000"];
  await daemon.ok(...run);
  await write("late", "late", "not lost");
  await killed(await id());
  expect(existsSync(`${webdav.folder}/late`)).toBe(false);
  await daemon.ok("restart", "late");
  expect(await read("late", "late")).toBe("not lost");
  await arrived("late", "not lost");
  await daemon.ok("rm", "-f", "late");
  await daemon.ok("volume", "rm", "late");
});

test("killed, it comes back, and its volumes with it", async () => {
  await start("keeper");
  await write("keeper", "kept", "one");
  await arrived("kept", "one");
  await killed(await id());
  await daemon.ok("restart", "keeper");
  expect(await read("keeper", "kept")).toBe("one");
  await write("keeper", "kept", "two");
  await arrived("kept", "two");
});

test("a daemon that is killed, alone or with it, finds everything again", async () => {
  const plugin = await id();
  const before = pidOf(plugin);
  await daemon.kill();
  await daemon.up();
  expect(pidOf(plugin)).toBe(before);
  expect(await read("keeper", "kept")).toBe("two");
  await write("keeper", "kept", "three");
  await arrived("kept", "three");

  await daemon.kill();
  process.kill(before, "SIGKILL");
  await until("its end", () => !existsSync(`/proc/${before}`));
  await daemon.up();
  await daemon.ok("restart", "keeper");
  expect(await read("keeper", "kept")).toBe("three");
  await daemon.ok("rm", "-f", "keeper");
  expect(mounted()).toEqual([]);
});

test("disabled and removed, it leaves nothing but the data", async () => {
  expect((await daemon.docker("plugin", "disable", "rclone")).stderr).toContain("plugin rclone:latest is in use");
  await start("last");
  await daemon.ok("rm", "-f", "last");
  await daemon.ok("volume", "rm", "dav");
  await daemon.ok("plugin", "disable", "rclone");
  await daemon.ok("plugin", "rm", "rclone");
  expect(mounted()).toEqual([]);
  expect(readFileSync(`${webdav.folder}/kept`, "utf8")).toBe("three\n");
  expect(await daemon.strays()).toEqual([]);
});
