import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "../build/registry.ts";
import { Daemon, sh } from "../harness.ts";
import { RegistryProcess } from "../registry/process.ts";
import { ask, inspect, type PluginFolder, volumePlugin } from "./plugin.ts";

/** Plugins that come from registries and go there: pushed, installed, upgraded, and refused as images. */
let daemon: Daemon;
let folder: PluginFolder;
const ends = new AsyncDisposableStack();
const hosts: Record<string, string> = {};

beforeAll(async () => {
  daemon = ends.use(await Daemon.start());
  folder = ends.use(
    await volumePlugin({
      Network: { Type: "host" },
      Linux: { Capabilities: ["CAP_SYS_ADMIN"], Devices: [{ Name: "fuse", Path: "/dev/fuse" }] },
      Mounts: [{ Name: "tmp", Source: "/tmp", Destination: "/host", Type: "bind", Options: ["rbind", "ro"] }],
    }),
  );
  hosts["docker-registry"] = ends.use(await startRegistry()).host;
  const own = ends.use(await RegistryProcess.start());
  hosts["our registry"] = own.address;
});
afterAll(() => ends.disposeAsync());

const said = async (...args: string[]) => {
  const { exitCode, stderr, stdout } = await daemon.docker(...args);
  return { exitCode, text: stderr.trim() || stdout.trim() };
};

test.each(["docker-registry", "our registry"])(
  "pushed to %s and installed from there, with all that it wants granted",
  async (kind) => {
    const ref = `${hosts[kind]}/test/volumes:v1`;
    await daemon.ok("plugin", "create", ref, folder.path);
    expect(await daemon.ok("plugin", "push", ref)).toMatch(
      /^v1: digest: sha256:[0-9a-f]{64} size: \d+$|Upload complete/m,
    );
    await daemon.ok("plugin", "rm", ref);

    const client = Bun.spawn(["docker", "plugin", "install", ref], {
      stdin: Buffer.from("n\n"),
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, DOCKER_HOST: daemon.host },
    });
    const [asked, complaint] = await Promise.all([client.stdout.text(), client.stderr.text(), client.exited]);
    expect(asked).toContain(
      ` - network: [host]\n - mount: [/tmp]\n - device: [/dev/fuse]\n - capabilities: [CAP_SYS_ADMIN]`,
    );
    expect(client.exitCode).toBe(1);
    expect(complaint.trim()).toEndWith(`permission denied while installing plugin ${ref}`);
    expect(await daemon.ok("plugin", "ls", "-q")).toBe("");

    expect(
      await daemon.ok("plugin", "install", "--grant-all-permissions", "--alias", "vol", ref, "NAME=alias"),
    ).toEndWith(`Installed plugin ${ref}`);
    const { Id, Enabled, PluginReference, Settings } = await inspect(daemon, "vol");
    expect({ Enabled, PluginReference }).toEqual({ Enabled: true, PluginReference: ref });
    expect(Settings.Env).toContain("NAME=alias");
    expect(await ask(daemon, Id, "Test.Args")).toBe("one");
    await daemon.ok("plugin", "rm", "-f", "vol");
    expect(readdirSync(join(daemon.dataRoot, "plugins"))).toEqual([]);
  },
);

test("our own command line does the same", async () => {
  const ref = `${hosts["our registry"]}/test/ours:v1`;
  const berth = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await daemon.berth("plugin", ...args);
    if (exitCode !== 0) throw new Error(`${args.join(" ")}: ${stderr}${stdout}`);
    return stdout.trim();
  };
  expect(await berth("create", ref, folder.path)).toBe(ref);
  await berth("push", ref);
  await berth("rm", ref);
  expect(await berth("install", "--grant-all-permissions", "--disable", ref)).toEndWith(`Installed plugin ${ref}`);
  expect(await berth("ls", "--format", "{{.Name}} {{.Enabled}}")).toBe(`${ref} false`);
  await berth("set", ref, "NAME=ours");
  await berth("enable", ref);
  expect(await berth("inspect", "--format", "{{.Enabled}} {{index .Settings.Env 1}}", ref)).toBe("true NAME=ours");
  await berth("disable", ref);
  await berth("rm", ref);
});

test("an upgrade takes new content under the same id, with what was set; one that fails changes nothing", async () => {
  const host = hosts["docker-registry"];
  const [v2, v3] = [`${host}/test/up:v2`, `${host}/test/up:v3`];
  await daemon.ok("plugin", "create", v2, folder.path);
  await daemon.ok("plugin", "push", v2);
  await daemon.ok("plugin", "set", v2, "NAME=kept");
  const before = await inspect(daemon, v2);
  using next = await volumePlugin({ Description: "the third", Network: { Type: "host" } });
  await daemon.ok("plugin", "create", v3, next.path);
  await daemon.ok("plugin", "push", v3);
  await daemon.ok("plugin", "rm", v3);

  await daemon.ok("plugin", "enable", v2);
  expect((await said("plugin", "upgrade", v2, v3)).text).toContain("the plugin must be disabled before upgrading");
  await daemon.ok("plugin", "disable", v2);
  const wrong = await daemon.api("POST", `/plugins/${v2}/upgrade?remote=${v3}`, []);
  expect(wrong.text).toContain("incorrect privileges");
  expect(await inspect(daemon, v2)).toEqual(before);
  expect(readdirSync(join(daemon.dataRoot, "plugins", before.Id))).toHaveLength(2);

  await daemon.ok("plugin", "upgrade", "--grant-all-permissions", "--skip-remote-check", v2, v3);
  const after = await inspect(daemon, v2);
  expect(after).toMatchObject({ Id: before.Id, Name: v2, PluginReference: v3, Settings: { Env: before.Settings.Env } });
  expect(after.Config.Description).toBe("the third");
  expect(readdirSync(join(daemon.dataRoot, "plugins", before.Id))).toHaveLength(2);
  await daemon.ok("plugin", "enable", v2);
  expect(await ask(daemon, after.Id, "Test.Args")).toBe("one");
  await daemon.ok("plugin", "rm", "-f", v2);
});

test("what is not there, and what is something else, in Docker's words", async () => {
  const host = hosts["docker-registry"];
  const none = `${host}/test/none:v1`;
  const install = (ref: string) => said("plugin", "install", "--grant-all-permissions", ref);
  expect(await install(none)).toEqual({
    exitCode: 1,
    text: `Error response from daemon: error resolving plugin reference: ${none}: not found`,
  });
  await daemon.ok("tag", "busybox", `${host}/test/image:1`);
  await daemon.ok("push", `${host}/test/image:1`);
  expect((await install(`${host}/test/image:1`)).text).toContain(
    'Encountered remote "application/vnd.docker.container.image.v1+json"(image) when fetching',
  );
  const plugin = `${host}/test/plugin:1`;
  await daemon.ok("plugin", "create", plugin, folder.path);
  await daemon.ok("plugin", "push", plugin);
  expect(await said("pull", plugin)).toEqual({
    exitCode: 1,
    text:
      "Error response from daemon: " +
      'Encountered remote "application/vnd.docker.plugin.v1+json"(plugin) when fetching',
  });
  expect((await said("plugin", "push", "test/nowhere")).text).toContain('plugin "test/nowhere:latest" not found');
  await daemon.ok("plugin", "rm", plugin);
});

test("a plugin keeps its blobs when images and all that is unused are pruned", async () => {
  const ref = `${hosts["docker-registry"]}/test/kept:1`;
  await daemon.ok("plugin", "create", ref, folder.path);
  await daemon.ok("system", "prune", "-af", "--volumes");
  await daemon.restart();
  await daemon.ok("system", "prune", "-af");
  await daemon.ok("plugin", "push", ref);
  await daemon.ok("plugin", "rm", ref);
  await daemon.ok("plugin", "install", "--grant-all-permissions", ref);
  await daemon.ok("plugin", "rm", "-f", ref);
});

test("events tell of plugins by id, a pull by its reference", async () => {
  const ref = `${hosts["docker-registry"]}/test/plugin:1`;
  const since = (Date.now() / 1000 - 0.01).toFixed(3);
  await daemon.ok("plugin", "install", "--grant-all-permissions", "--alias", "told", ref);
  const { Id } = await inspect(daemon, "told");
  await daemon.ok("plugin", "disable", "told");
  await daemon.ok("plugin", "rm", "told");
  const until = (Date.now() / 1000).toFixed(3);
  const { stdout } = await sh(
    [
      "docker",
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "type=plugin",
      "--format",
      "{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}",
    ],
    { env: { DOCKER_HOST: daemon.host } },
  );
  // What the test before this one ended with may be of the same moment.
  const told = stdout.split("\n").filter((line) => / told(:latest)?$/.test(line));
  expect(told).toEqual([
    `pull ${ref} told:latest`,
    `enable ${Id} told:latest`,
    `disable ${Id} told`,
    `remove ${Id} told`,
  ]);
});
