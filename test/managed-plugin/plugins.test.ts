import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { ask, type Config, inspect, PluginFolder, volumePlugin } from "./plugin.ts";

/** Plugins that the engine runs, by Docker's command line: made of folders, set, turned on and off, removed. */
let daemon: Daemon;
let folder: PluginFolder;

beforeAll(async () => {
  [daemon, folder] = await Promise.all([Daemon.start(), volumePlugin()]);
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

const refused = async (...args: string[]) => {
  const { exitCode, stderr, stdout } = await daemon.docker("plugin", ...args);
  return { exitCode, said: (stderr || stdout).trim().split("\n").at(-1) ?? "" };
};
const blobs = () => readdirSync(join(daemon.dataRoot, "blobs/sha256"));
const log = () => readFileSync(join(daemon.root, "log"), "utf8");

test("a plugin is made of a folder, set, turned on, told of and removed; nothing stays", async () => {
  const before = blobs();
  expect(await daemon.ok("plugin", "create", "test/one", folder.path)).toBe("test/one");
  expect(await refused("create", "test/one", folder.path)).toEqual({
    exitCode: 1,
    said: "Error response from daemon: plugin test/one:latest already exists",
  });
  const { Id, ...plugin } = await inspect(daemon, "test/one");
  expect(plugin).toMatchObject({ Name: "test/one:latest", Enabled: false, PluginReference: "test/one:latest" });
  expect(plugin.Settings).toEqual({
    Args: ["one"],
    Devices: [],
    Env: ["SOCKET=volumes.sock", "NAME=nobody", "DIES="],
    Mounts: [],
  });
  await daemon.ok("plugin", "set", "test/one", "NAME=somebody", "args=a b");
  await daemon.ok("plugin", "enable", Id.slice(0, 12));
  expect(await daemon.ok("plugin", "ls", "--format", "{{.ID}} {{.Name}} {{.Description}} {{.Enabled}}")).toBe(
    `${Id.slice(0, 12)} test/one:latest volumes of the tests true`,
  );
  expect(await daemon.ok("plugin", "ls", "-q", "--filter", "enabled=false")).toBe("");
  expect(await daemon.ok("plugin", "ls", "-q", "--filter", "capability=logdriver")).toBe("");
  expect(await daemon.ok("plugin", "ls", "-q", "--filter", "capability=volumedriver")).toBe(Id.slice(0, 12));
  expect(await ask(daemon, Id, "Test.Args")).toBe("a b");
  await until("its lines in the daemon's log", () => /level=error msg="a warning" plugin=/.test(log()));
  expect(log()).toContain(`level=info msg="listening as somebody" plugin=${Id}`);

  expect((await refused("enable", "test/one")).said).toEndWith(
    "plugin already enabled: plugin test/one:latest is enabled",
  );
  expect((await refused("set", "test/one", "NAME=x")).said).toEndWith(
    "cannot set on an active plugin, disable plugin before setting",
  );
  expect((await refused("rm", "test/one")).said).toEndWith("plugin test/one:latest is enabled");
  await daemon.ok("plugin", "disable", "test/one");
  await until(
    "its last line",
    () => log().includes(`msg=goodbye plugin=${Id}`) || log().includes(`"goodbye" plugin=${Id}`),
  );
  expect((await refused("disable", "test/one")).said).toEndWith(
    "plugin is already disabled: plugin test/one:latest found but disabled",
  );
  expect((await refused("set", "test/one", "NAME=lost", "NOPE=1")).said).toEndWith(
    'setting "NOPE" not found in the plugin configuration',
  );
  expect((await inspect(daemon, "test/one")).Settings.Env).toContain("NAME=somebody");
  expect(await daemon.ok("plugin", "rm", "test/one")).toBe("test/one");
  expect((await refused("rm", "test/one")).said).toEndWith('plugin "test/one" not found');
  expect(await daemon.strays()).toEqual([]);
  expect(readdirSync(join(daemon.dataRoot, "plugins"))).toEqual([]);
  expect(readdirSync(join(daemon.execRoot, "managed/sockets"))).toEqual([]);
  expect(blobs()).toEqual(before);
});

test("it runs as a container does, with what its configuration asks for", async () => {
  mkdirSync(join(daemon.root, "shared"), { recursive: true });
  using asking = await volumePlugin({
    Network: { Type: "host" },
    PidHost: true,
    Mounts: [
      {
        Name: "m",
        Source: join(daemon.root, "shared"),
        Destination: "/shared",
        Type: "bind",
        Options: ["rbind", "ro"],
      },
    ],
    Linux: { Capabilities: ["CAP_SYS_ADMIN"], Devices: [{ Name: "fuse", Path: "/dev/fuse" }] },
    WorkDir: "/data",
  });
  await daemon.ok("plugin", "create", "test/spec", asking.path);
  await daemon.ok("plugin", "enable", "test/spec");
  const { Id } = await inspect(daemon, "test/spec");
  const environment = (await ask(daemon, Id, "Test.Env")).trim().split(" ");
  expect(environment.map((entry) => entry.split("=")[0])).toEqual(["PATH", "SOCKET", "NAME", "DIES", "HOME"]);
  // The 14 that every container has, and SYS_ADMIN.
  const status = await ask(daemon, Id, "Test.Status");
  expect(status).toContain("CapEff: 00000000a82425fb");
  expect(status).toContain("Seccomp: 0");
  expect(status).toContain("NoNewPrivs: 0");
  const mounts = await ask(daemon, Id, "Test.Mounts");
  expect(mounts).toMatch(/ \/data rw.* shared:/);
  expect(mounts).toMatch(/ \/run\/docker\/plugins .* shared:/);
  expect(mounts).toMatch(/ \/shared ro/);
  expect(mounts).toContain(" /etc/resolv.conf ro");
  const [net = "", pid = "", ipc = ""] = (await ask(daemon, Id, "Test.Namespaces")).split(" ");
  const own = (kind: string) => readlinkSync(`/proc/${daemon.pid}/ns/${kind}`);
  expect(net).toBe(own("net"));
  expect(pid).toBe(own("pid"));
  expect(ipc).not.toBe(own("ipc"));
  await daemon.ok("plugin", "rm", "-f", "test/spec");
});

test("a plugin that does not come up stays off, with the reason, and leaves nothing", async () => {
  await daemon.ok("plugin", "create", "test/bad", folder.path);
  await daemon.ok("plugin", "set", "test/bad", "DIES=1");
  const { exitCode, said } = await refused("enable", "test/bad");
  expect(exitCode).toBe(1);
  expect(said).toMatch(/dial unix .*volumes.sock: connect: no such file or directory$/);
  expect((await inspect(daemon, "test/bad")).Enabled).toBe(false);
  await daemon.ok("plugin", "rm", "test/bad");

  const cases: [Config, RegExp][] = [
    [{ Entrypoint: ["/nope"] }, /exec: "\/nope": stat \/nope: no such file or directory$/],
    [{ Entrypoint: [], Args: {} }, /args must not be empty$/],
    [
      { Linux: { Devices: [{ Name: "d", Path: "/dev/none" }] } },
      /error gathering device information while adding custom device "\/dev\/none": no such file or directory$/,
    ],
    [{ Mounts: [{ Name: "m", Destination: "/x", Type: "bind" }] }, /mount source is not specified$/],
    [{ Linux: { Capabilities: ["CAP_NOPE"] } }, /CAP_NOPE/],
  ];
  for (const [config, reason] of cases) {
    using broken = new PluginFolder();
    await broken.install("/bin/busybox");
    broken.configure({ Entrypoint: ["/bin/busybox", "true"], Interface: { Socket: "a.sock" }, ...config });
    await daemon.ok("plugin", "create", "test/broken", broken.path);
    expect((await refused("enable", "test/broken")).said).toMatch(reason);
    await daemon.ok("plugin", "rm", "test/broken");
  }
  expect(await daemon.strays()).toEqual([]);
});

test("archives that are no plugin are refused, and leave nothing", async () => {
  const send = async (files: Record<string, string>, links: Record<string, string> = {}) => {
    const root = join(daemon.root, "upload");
    mkdirSync(join(root, "rootfs"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    for (const [name, target] of Object.entries(links))
      await Bun.$`rm -rf ${join(root, name)} && ln -s ${target} ${join(root, name)}`;
    const tar = await Bun.$`tar -C ${root} -c .`.quiet().arrayBuffer();
    await Bun.$`rm -rf ${root}`;
    const answer = await fetch("http://d/plugins/create?name=test/no", {
      unix: daemon.socket,
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body: tar,
    });
    return (await answer.json()) as { message: string };
  };
  expect(await send({})).toEqual({ message: "config not found" });
  expect(await send({ "config.json": "{" })).toEqual({
    message: "failed to parse config: unexpected end of JSON input",
  });
  expect((await send({ "config.json": '{"Env":"q"}' })).message).toStartWith(
    "failed to parse config: json: cannot unmarshal",
  );
  expect(await send({ "config.json": "{}" }, { rootfs: "/etc" })).toEqual({ message: "rootfs is not a directory" });
  expect((await send({}, { "config.json": "/etc/hostname" })).message).toStartWith("failed to parse config");
  expect(existsSync(join(daemon.dataRoot, "plugins")) ? readdirSync(join(daemon.dataRoot, "plugins")) : []).toEqual([]);
});
