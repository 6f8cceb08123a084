import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Daemon, sh, until } from "../harness.ts";
import { VolumePlugin } from "./volume-plugin.ts";

let root: string;
let daemon: Daemon;
let plugin: VolumePlugin;
beforeAll(async () => {
  root = mkdtempSync("/tmp/berth-plugin-");
  mkdirSync(`${root}/plugins`);
  plugin = new VolumePlugin(`${root}/plugins/rec.sock`, `${root}/data`);
  daemon = await Daemon.start({ args: ["--plugin-dir", `${root}/plugins`] });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  const held = [...plugin.volumes.values()].flatMap(({ ids }) => [...ids]);
  plugin[Symbol.dispose]();
  rmSync(root, { recursive: true });
  expect(held).toEqual([]);
});
beforeEach(() => {
  for (const method of Object.keys(plugin.faults)) delete plugin.faults[method];
  plugin.methods();
});

const inspect = async (name: string) => JSON.parse(await daemon.ok("volume", "inspect", name))[0];
const complaint = async (...args: string[]) => {
  const { exitCode, stderr } = await daemon.docker(...args);
  expect(exitCode).not.toBe(0);
  return stderr.trim().replace(/^Error response from daemon: /, "");
};
const start = (name: string, volume: string, ...more: string[]) =>
  daemon.ok("run", "-d", "--name", name, "--stop-timeout", "1", "-v", volume, ...more, "busybox", "sleep", "1000");

test("calls come in Docker's order, with an id for each use", async () => {
  expect(await daemon.ok("volume", "create", "-d", "rec", "-o", "b=2", "-o", "a=1", "--label", "l=1", "data")).toBe(
    "data",
  );
  expect(plugin.bodies("Create")).toEqual([{ Name: "data", Opts: { a: "1", b: "2" } }]);
  expect(plugin.verbs()).toEqual(["Plugin.Activate", "Capabilities", "Get", "Create"]);
  await daemon.ok("volume", "create", "-d", "rec", "data");
  expect(plugin.verbs()).toEqual(["Get"]);
  expect(await complaint("volume", "create", "data")).toBe(
    "create data: driver 'rec' already has volume 'data': volume name must be unique",
  );
  expect(plugin.verbs()).toEqual(["Get"]);
  expect(await inspect("data")).toEqual({
    CreatedAt: "2026-01-02T03:04:05Z",
    Driver: "rec",
    Labels: { l: "1" },
    Mountpoint: "",
    Name: "data",
    Options: { a: "1", b: "2" },
    Scope: "local",
    Status: { users: { count: 0 } },
  });
  expect(plugin.verbs()).toEqual(["Get"]);

  await start("one", "data:/x");
  expect(plugin.verbs()).toEqual(["Get", "Get", "Mount"]);
  const [first] = plugin.ids("data");
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  await start("two", "data:/x");
  expect(plugin.ids("data")).toHaveLength(2);
  await daemon.ok("exec", "one", "sh", "-c", "echo hello > /x/file");
  expect(await daemon.ok("exec", "two", "cat", "/x/file")).toBe("hello");
  expect(readFileSync(`${plugin.place("data")}/file`, "utf8")).toBe("hello\n");
  expect(await daemon.ok("inspect", "one", "--format", "{{(index .Mounts 0).Source}}")).toBe(plugin.place("data"));
  expect(await complaint("volume", "rm", "data")).toMatch(
    /^remove data: volume is in use - \[[0-9a-f]{64}, [0-9a-f]{64}\]$/,
  );

  plugin.methods();
  await daemon.ok("restart", "one");
  expect(plugin.verbs()).toEqual(["Get", "Unmount", "Get", "Mount"]);
  expect(plugin.ids("data")).not.toContain(first ?? "");
  await daemon.ok("rm", "-f", "one");
  expect(plugin.verbs()).toEqual(["Get", "Unmount"]);
  await daemon.ok("rm", "-f", "two");
  expect(plugin.ids("data")).toEqual([]);
  plugin.methods();
  await daemon.ok("volume", "prune", "-a", "-f");
  await daemon.ok("system", "df");
  expect(plugin.verbs()).toEqual([]);
  await daemon.ok("volume", "rm", "data");
  expect(plugin.verbs()).toEqual(["Get", "Remove"]);
  expect(plugin.volumes.has("data")).toBe(false);
});

test("volumes that only the plugin knows are listed, used and removed like others", async () => {
  plugin.volumes.set("planted", { options: null, ids: new Set() });
  mkdirSync(plugin.place("planted"), { recursive: true });
  writeFileSync(`${plugin.place("planted")}/seed`, "grown");
  expect(await daemon.ok("volume", "ls", "--format", "{{.Driver}} {{.Name}}")).toBe("rec planted");
  expect((await inspect("planted")).Driver).toBe("rec");
  expect(await daemon.ok("run", "--rm", "-v", "planted:/x", "busybox", "cat", "/x/seed")).toBe("grown");
  await daemon.ok("volume", "rm", "planted");
  expect(plugin.volumes.size).toBe(0);
  expect(await complaint("volume", "inspect", "planted")).toContain("planted: no such volume");
});

test("an anonymous volume goes with its container, and a new one gets its image's files", async () => {
  await daemon.ok("run", "--rm", "--volume-driver", "rec", "-v", "/x", "busybox", "true");
  expect(plugin.volumes.size).toBe(0);
  expect(
    await daemon.ok("run", "--rm", "--mount", "src=etc,dst=/etc,volume-driver=rec", "busybox", "ls", "/etc/passwd"),
  ).toBe("/etc/passwd");
  expect(readFileSync(`${plugin.place("etc")}/passwd`, "utf8")).toContain("root");
  await daemon.ok("volume", "rm", "etc");
});

test("what a plugin refuses is told in its words, and nothing stays", async () => {
  const create = ["volume", "create", "-d", "rec", "err"];
  plugin.faults["VolumeDriver.Create"] = { Err: "hp says no" };
  expect(await complaint(...create)).toBe("create err: hp says no");
  plugin.faults["VolumeDriver.Create"] = () => Response.json({ Err: "hp 500" }, { status: 500 });
  expect(await complaint(...create)).toBe("create err: VolumeDriver.Create: hp 500");
  plugin.faults["VolumeDriver.Create"] = "nonsense";
  expect(await complaint(...create)).toBe("create err: invalid character 'o' in literal null (expecting 'u')");
  expect(await daemon.ok("volume", "ls", "-q")).toBe("");
  delete plugin.faults["VolumeDriver.Create"];
  await daemon.ok(...create);

  const run = ["run", "--rm", "-v", "err:/x", "busybox", "true"];
  plugin.faults["VolumeDriver.Mount"] = { Err: "hp says no" };
  expect((await daemon.docker(...run)).exitCode).toBe(125);
  expect(await complaint(...run)).toContain("error while mounting volume '': hp says no");
  for (const mountpoint of ["", "relative/path", "/tmp/no/such/place"]) {
    plugin.faults["VolumeDriver.Mount"] = { Mountpoint: mountpoint };
    expect(await complaint(...run)).toContain(
      mountpoint.startsWith("/")
        ? `error while mounting volume '': stat ${mountpoint}: no such file or directory`
        : `error while mounting volume '': the plugin gave no absolute mount point: "${mountpoint}"`,
    );
  }
  delete plugin.faults["VolumeDriver.Mount"];
  plugin.faults["VolumeDriver.Unmount"] = { Err: "hp says no" };
  expect((await daemon.docker(...run)).exitCode).toBe(0);
  expect(daemon.log()).toContain("error unmounting volume err: hp says no");
  delete plugin.faults["VolumeDriver.Unmount"];
  plugin.volumes.get("err")?.ids.clear();

  plugin.faults["VolumeDriver.Get"] = { Err: "hp lost it" };
  expect(await complaint("volume", "inspect", "err")).toContain("get err: no such volume");
  delete plugin.faults["VolumeDriver.Get"];
  plugin.faults["VolumeDriver.List"] = { Err: "hp lost them" };
  expect(await daemon.ok("volume", "ls", "-q")).toBe("err");
  plugin.faults["VolumeDriver.Remove"] = { Err: "hp keeps it" };
  expect(await complaint("volume", "rm", "err")).toBe("remove err: hp keeps it");
  delete plugin.faults["VolumeDriver.Remove"];
  await daemon.ok("volume", "rm", "err");
  expect(await complaint("volume", "create", "-d", "nosuch", "n")).toBe(
    'create n: error looking up volume plugin nosuch: plugin "nosuch" not found',
  );
});

test("files go in and out by an id of their own; what only the plugin could do is refused", async () => {
  await daemon.ok("volume", "create", "-d", "rec", "files");
  await daemon.ok("create", "--name", "holder", "-v", "files:/x", "busybox");
  plugin.methods();
  writeFileSync(`${root}/file`, "copied");
  await daemon.ok("cp", `${root}/file`, "holder:/x/file");
  expect(plugin.ids("files")).toEqual([]);
  expect(plugin.verbs().filter((verb) => verb !== "Get")).toEqual(["Mount", "Unmount", "Mount", "Unmount"]);
  expect(readFileSync(`${plugin.place("files")}/file`, "utf8")).toBe("copied");
  expect((await daemon.berth("volume", "export", "files", "-o", `${root}/files.tar`)).stderr).toBe("");
  expect((await sh(["tar", "-tf", `${root}/files.tar`])).stdout).toContain("file");
  await daemon.ok("rm", "holder");
  const renamed = await daemon.berth("volume", "rename", "files", "others");
  expect(renamed.stderr).toContain("the volume driver rec is a plugin: it cannot rename volumes");
  expect(plugin.ids("files")).toEqual([]);
  await daemon.ok("volume", "rm", "files");
});

test("a volume whose plugin is gone for good is forgotten by force", async () => {
  const gone = new VolumePlugin(`${root}/plugins/gone.sock`, `${root}/gone`);
  await daemon.ok("volume", "create", "-d", "gone", "orphan");
  await daemon.ok("volume", "rm", "orphan");
  await daemon.ok("volume", "create", "-d", "gone", "orphan");
  gone.faults["VolumeDriver.Remove"] = { Err: "hp never" };
  expect(await complaint("volume", "rm", "-f", "orphan")).toContain("hp never");
  gone.volumes.clear();
  expect(await daemon.ok("volume", "ls", "-q")).toBe("");
  gone[Symbol.dispose]();
});

test("a plugin that hangs holds up nobody else", async () => {
  await daemon.ok("volume", "create", "-d", "rec", "h");
  const never = new Promise(() => {});
  for (const verb of ["List", "Get"]) plugin.faults[`VolumeDriver.${verb}`] = () => never;
  const began = performance.now();
  const [listed] = await Promise.all([
    daemon.ok("volume", "ls", "-q"),
    daemon.ok("volume", "create", "other"),
    daemon.ok("info"),
    daemon.ok("run", "--rm", "-v", "other:/x", "busybox", "true"),
  ]);
  expect(listed?.split("\n")).toContain("h");
  expect(performance.now() - began).toBeLessThan(20_000);
  const again = performance.now();
  await daemon.ok("volume", "ls", "-q");
  await daemon.ok("run", "--rm", "-v", "third:/x", "busybox", "true");
  expect(performance.now() - again).toBeLessThan(5000);
  plugin.faults["VolumeDriver.List"] = {};
  delete plugin.faults["VolumeDriver.Get"];
  await daemon.ok("volume", "rm", "h", "other", "third");
});

test("a mount that a crash cuts off is undone by the next daemon, once its plugin is there", async () => {
  await daemon.ok("volume", "create", "-d", "rec", "cut");
  const mounting = Promise.withResolvers<string>();
  plugin.faults["VolumeDriver.Mount"] = (body) => {
    const { ID } = body as { ID: string };
    plugin.volumes.get("cut")?.ids.add(ID);
    mounting.resolve(ID);
    return new Promise(() => {});
  };
  const starting = daemon.docker("run", "--name", "cutoff", "-v", "cut:/x", "busybox", "true");
  const id = await mounting.promise;
  await daemon.kill();
  await starting;
  delete plugin.faults["VolumeDriver.Mount"];
  await plugin.leave();
  plugin.come();
  await daemon.up();
  await until("the plugin to hear of it", () => plugin.ids("cut").length === 0);
  expect(plugin.bodies("Unmount")).toEqual([{ Name: "cut", ID: id }]);
  await daemon.ok("rm", "cutoff");
  await daemon.ok("volume", "rm", "cut");
});

test("containers with mounted volumes outlive daemon and plugin, and their ids are given back", async () => {
  await daemon.ok("volume", "create", "-d", "rec", "-o", "k=v", "live");
  await start("runner", "live:/x");
  await start("stopper", "live:/x");
  const before = plugin.ids("live");
  const pidOf = (name: string) => daemon.ok("inspect", name, "--format", "{{.State.Pid}}");
  const [pid, other] = [await pidOf("runner"), await pidOf("stopper")];
  plugin.methods();
  for (const end of ["SIGTERM", "SIGKILL"] as const) {
    await daemon.signal(end);
    await daemon.up();
    expect(await pidOf("runner")).toBe(pid);
    await daemon.ok("exec", "runner", "touch", `/x/${end}`);
    expect(plugin.ids("live")).toEqual(before);
  }
  expect(plugin.verbs()).not.toContain("Mount");

  await daemon.kill();
  process.kill(Number(other), "SIGKILL");
  await plugin.leave();
  const began = performance.now();
  await daemon.up();
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await daemon.ok("ps", "-q")).toHaveLength(12);
  plugin.come();
  await until("the plugin to hear of the end", () => plugin.ids("live").length === 1);

  // The plugin forgets everything, as one does that keeps no notes.
  plugin.volumes.clear();
  await daemon.ok("rm", "-f", "stopper", "runner");
  await start("runner", "live:/x");
  expect(plugin.volumes.get("live")?.options).toEqual({ k: "v" });
  expect(await daemon.ok("exec", "runner", "ls", "/x")).toBe("SIGKILL\nSIGTERM");
  await daemon.ok("rm", "-f", "runner");
  expect(plugin.ids("live")).toEqual([]);
  await daemon.ok("volume", "rm", "live");
});
