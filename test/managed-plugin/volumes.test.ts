import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readMounts } from "../../src/linux/mountinfo.ts";
import { Daemon, until } from "../harness.ts";
import { ask, inspect, type PluginFolder, volumePlugin } from "./plugin.ts";

/** A volume driver that the engine runs: what stands on it, and what becomes of it when it or the daemon is killed. */
let daemon: Daemon;
let folder: PluginFolder;
let id = "";

beforeAll(async () => {
  [daemon, folder] = await Promise.all([Daemon.start(), volumePlugin()]);
  await daemon.ok("plugin", "create", "test/vol", folder.path);
  await daemon.ok("plugin", "enable", "test/vol");
  id = (await inspect(daemon, "test/vol")).Id;
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

const refused = async (...args: string[]) => (await daemon.docker(...args)).stderr.trim();
/** The plugin's first process, as this machine numbers it. */
const pidOf = () => Number(readFileSync(join(daemon.execRoot, "managed/containers", id, "pid"), "utf8"));

test("its volumes are those of containers, and while there are any it is in use", async () => {
  await daemon.ok("volume", "create", "-d", "test/vol", "one");
  await daemon.ok("run", "--rm", "-v", "one:/data", "busybox", "sh", "-c", "echo kept > /data/file");
  expect(await daemon.ok("run", "--rm", "-v", "one:/data", "busybox", "cat", "/data/file")).toBe("kept");
  const [volume] = JSON.parse(await daemon.ok("volume", "inspect", "one"));
  expect(volume).toMatchObject({ Driver: "test/vol:latest", Mountpoint: "/data/one", Status: { by: "nobody" } });
  expect(readFileSync(join(daemon.dataRoot, "plugins", id, "propagated-mount/one/file"), "utf8")).toBe("kept\n");
  expect(await daemon.ok("info", "--format", "{{json .Plugins.Volume}}")).toBe('["local"]');
  expect(await refused("plugin", "disable", "test/vol")).toEndWith("plugin test/vol:latest is in use");

  await daemon.ok("plugin", "disable", "-f", "test/vol");
  expect(await daemon.ok("volume", "ls", "-q", "--filter", "driver=test/vol:latest")).toBeString();
  expect(await refused("volume", "create", "-d", "test/vol", "two")).toContain("found but disabled");
  expect(await refused("plugin", "rm", "test/vol")).toEndWith("plugin test/vol:latest is in use");
  await daemon.ok("plugin", "enable", "test/vol");
  expect(await daemon.ok("run", "--rm", "-v", "one:/data", "busybox", "cat", "/data/file")).toBe("kept");
});

test("killed, it comes back at once, as often as that happens, and is enabled all the while", async () => {
  for (let time = 0; time < 2; time++) {
    const before = pidOf();
    process.kill(before, "SIGKILL");
    await until("another process", () => {
      try {
        return pidOf() !== before;
      } catch {
        return false;
      }
    });
    expect((await inspect(daemon, "test/vol")).Enabled).toBe(true);
    expect(await daemon.ok("run", "--rm", "-v", "one:/data", "busybox", "cat", "/data/file")).toBe("kept");
  }
});

test("a daemon that is killed, or restarted, leaves it alone; one that was not running is begun at boot", async () => {
  await daemon.ok("run", "-d", "--name", "user", "-v", "one:/data", "busybox", "sleep", "600");
  const before = pidOf();
  await daemon.kill();
  expect(existsSync(`/proc/${before}`)).toBe(true);
  await daemon.up();
  await daemon.restart();
  expect(pidOf()).toBe(before);
  expect(await daemon.ok("exec", "user", "cat", "/data/file")).toBe("kept");
  expect(await ask(daemon, id, "Test.Args")).toBe("one");

  await daemon.kill();
  process.kill(before, "SIGKILL");
  await until("its end", () => !existsSync(`/proc/${before}`));
  await daemon.up();
  expect(await daemon.ok("run", "--rm", "-v", "one:/data", "busybox", "cat", "/data/file")).toBe("kept");
  expect(pidOf()).not.toBe(before);
  await daemon.ok("rm", "-f", "user");
});

test("a change that a killed daemon had begun is finished or undone by the next one", async () => {
  await daemon.ok("plugin", "create", "test/slow", folder.path);
  const slow = (await inspect(daemon, "test/slow")).Id;
  // Killed amid what takes long: the directory of a plugin that nobody knows is what is left.
  const making = daemon.docker("plugin", "create", "test/half", folder.path);
  await until("its directory", () => readdirSync(join(daemon.dataRoot, "plugins")).length > 2);
  await daemon.kill();
  await making;
  await daemon.up();
  expect(readdirSync(join(daemon.dataRoot, "plugins")).sort()).toEqual([id, slow].sort());
  expect((await daemon.docker("plugin", "inspect", "test/half")).exitCode).toBe(1);
  await daemon.ok("plugin", "rm", "test/slow");
});

test("removed with force it takes its volumes along, and nothing stays", async () => {
  await daemon.ok("plugin", "rm", "-f", "test/vol");
  expect(readdirSync(join(daemon.dataRoot, "plugins"))).toEqual([]);
  expect(readMounts().filter(({ target }) => target.startsWith(daemon.dataRoot) && target !== daemon.dataRoot)).toEqual(
    [],
  );
  await daemon.docker("volume", "rm", "-f", "one");
  expect(await daemon.ok("volume", "ls", "-q")).toBe("");
  expect(await daemon.strays()).toEqual([]);
});
