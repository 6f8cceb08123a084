/** Containers and networks of a real dockerd are taken over as they were, with what they wrote and logged. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";
import { migrate, states } from "./request.ts";
import { DockerSource } from "./source.ts";

let source: DockerSource;
const names = ["created", "ended", "stopped", "joined"];
const networks = ["chosen", "inside", "automatic"];
const before = {
  containers: [] as unknown[],
  networks: [] as unknown[],
  logs: new Map<string, string>(),
  changes: "",
  listing: [] as string[],
  /** When dockerd had ended, in Unix milliseconds. */
  ended: 0,
};

const writes =
  "echo out; echo err >&2; printf unfinished; rm /bin/vi; rm -rf /tree; mkdir /tree; echo new > /tree/n; " +
  "echo 1 > /one; ln /one /two; mkfifo /p; chown 3:4 /one; chmod 4711 /one; exit 3";

beforeAll(async () => {
  source = await DockerSource.start();
  await source.build("base", "FROM busybox\nRUN mkdir /tree && echo old > /tree/o\nVOLUME /data\n");
  await source.ok(
    "network",
    "create",
    "--subnet",
    "10.91.7.0/24",
    "--ip-range",
    "10.91.7.128/25",
    "--gateway",
    "10.91.7.9",
    "--aux-address",
    "a=10.91.7.10",
    "--label",
    "n=1",
    "-o",
    "com.docker.network.driver.mtu=1400",
    "chosen",
  );
  await source.ok("network", "create", "--internal", "--ipv6", "--subnet", "fd00:91::/64", "--attachable", "inside");
  await source.ok("network", "create", "automatic");
  await source.ok(
    "create",
    "--name",
    "created",
    "--network",
    "chosen",
    "--ip",
    "10.91.7.130",
    "--network-alias",
    "al",
    "--restart",
    "unless-stopped",
    "-p",
    "127.0.0.1:18080:80",
    "-v",
    "named:/v:ro",
    "-e",
    "A=B",
    "--memory",
    "64m",
    "--cap-add",
    "NET_ADMIN",
    "--ulimit",
    "nofile=99",
    "--health-cmd",
    "true",
    "--health-interval",
    "5s",
    "--label",
    "x=y",
    "--hostname",
    "h",
    "--mac-address",
    "02:42:0a:5b:07:82",
    "--tmpfs",
    "/t:size=1m",
    "--read-only",
    "--user",
    "7:8",
    "base",
    "sh",
  );
  await sh([
    "env",
    `DOCKER_HOST=unix://${source.root}/sock`,
    "/usr/bin/docker",
    "run",
    "--name",
    "ended",
    "--network",
    "none",
    "base",
    "sh",
    "-c",
    writes,
  ]);
  await source.ok(
    "run",
    "-d",
    "--name",
    "stopped",
    "--network",
    "automatic",
    "--restart",
    "unless-stopped",
    "base",
    "sleep",
    "1000",
  );
  await source.ok("stop", "-t", "0", "stopped");
  await source.ok(
    "run",
    "-d",
    "--name",
    "joined",
    "--network",
    "automatic",
    "--restart",
    "always",
    "-v",
    "named:/v",
    "base",
    "sh",
    "-c",
    "echo ran > /v/f; echo begun; exec sleep 1000",
  );
  await source.ok("network", "connect", "--alias", "zz", "chosen", "joined");
  await until("the container to write", async () => (await source.ok("logs", "joined")) === "begun");
  await source.ok("stop", "-t", "0", "joined");
  await source.ok("start", "joined");
  before.containers = JSON.parse(await source.ok("inspect", ...names));
  before.networks = JSON.parse(await source.ok("network", "inspect", ...networks));
  for (const name of names) before.logs.set(name, await source.ok("logs", "--timestamps", name));
  before.changes = (await source.ok("diff", "ended")).split("\n").sort().join("\n");
  await source.stop();
  before.ended = Date.now();
  before.listing = source.listing();
}, 120_000);

afterAll(async () => {
  await source?.[Symbol.asyncDispose]();
});

const pick = (object: unknown, ...fields: string[]) =>
  Object.fromEntries(fields.map((field) => [field, Object(object)[field]]));

/** What does not depend on the engine or its version. The last two have only ended with dockerd. */
function essence(container: unknown): unknown {
  const { State, Config, HostConfig, Mounts, NetworkSettings, ...rest } = Object(container);
  const { Healthcheck, Cmd, Env, Labels, Volumes, Hostname, User, ExposedPorts } = Config;
  const host = pick(
    HostConfig,
    ...["Binds", "NetworkMode", "PortBindings", "RestartPolicy", "CapAdd", "Memory", "MemorySwap", "Ulimits", "Tmpfs"],
    ...["ReadonlyRootfs", "AutoRemove", "LogConfig", "ShmSize", "IpcMode"],
  );
  const mounts = Mounts.map((mount: unknown) => pick(mount, "Type", "Name", "Destination", "RW", "Driver"));
  const endpoints = Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
    const { IPAMConfig, Aliases } = Object(endpoint);
    const own = (Aliases ?? []).filter((alias: string) => alias !== rest.Id.slice(0, 12));
    return [name, Object.keys(IPAMConfig ?? {}).length > 0 ? IPAMConfig : null, own];
  });
  const state =
    rest.Name === "/joined" ? {} : pick(State, "Status", "ExitCode", "StartedAt", "FinishedAt", "OOMKilled");
  return {
    ...pick(rest, "Id", "Name", "Created", "Image", "RestartCount", "Path", "Args"),
    config: { Healthcheck, Cmd, Env, Labels, Volumes, Hostname, User, ExposedPorts },
    host,
    state,
    mounts: mounts.sort((a: { Destination: string }, b: { Destination: string }) =>
      a.Destination < b.Destination ? -1 : 1,
    ),
    endpoints: endpoints.sort(),
  };
}

/** Engines differ in which family they tell of first. */
function ofNetwork(network: unknown): unknown {
  const { IPAM } = Object(network);
  const subnets = IPAM.Config.map((config: unknown) =>
    JSON.stringify(config, Object.keys(Object(config)).sort()),
  ).sort();
  const fields = ["Id", "Name", "Created", "Driver", "EnableIPv6", "Internal", "Attachable", "Options", "Labels"];
  return { ...pick(network, ...fields), subnets };
}

/** Whether it has run since it was taken over. */
async function hasRunHere(daemon: Daemon, name: string): Promise<boolean> {
  const started = await daemon.ok("inspect", "-f", "{{.State.StartedAt}}", name);
  return Date.parse(started) > before.ended;
}

async function expectAsBefore(daemon: Daemon): Promise<void> {
  const containers: unknown[] = JSON.parse(await daemon.ok("inspect", ...names));
  expect(containers.map(essence)).toEqual(before.containers.map(essence));
  const taken: unknown[] = JSON.parse(await daemon.ok("network", "inspect", ...networks));
  expect(taken.map(ofNetwork)).toEqual(before.networks.map(ofNetwork));
  for (const name of names) {
    const log = await daemon.ok("logs", "--timestamps", name);
    const own = before.logs.get(name) ?? "";
    // A daemon that came between has started what its policy says: that goes on where Docker's log ends.
    expect((await hasRunHere(daemon, name)) ? log.slice(0, own.length) : log).toBe(own);
  }
  expect((await daemon.ok("diff", "ended")).split("\n").sort().join("\n")).toBe(before.changes);
}

test("containers keep id, name, state, settings, files and log; networks id, subnets and options", async () => {
  await using daemon = await Daemon.start({ images: [] });
  const { items } = await migrate(daemon, { From: source.data });
  expect(items.filter(({ State }) => State !== "taken")).toEqual([]);
  await expectAsBefore(daemon);
  // They can be started, and go on with what they had.
  await daemon.ok("start", "joined");
  const look = "cat /v/f; ip -4 addr show | grep -c 'inet 10.91.7.'";
  expect(await daemon.ok("exec", "joined", "sh", "-c", look)).toBe("ran\n1");
  await daemon.ok("start", "-a", "ended").catch(() => {});
  expect(await daemon.ok("logs", "ended")).toContain("out\n");
  await daemon.ok("commit", "ended", "looked");
  const files = "ls /tree /bin/vi; stat -c '%a %u %g %h' /one /two; [ -p /p ] && echo pipe";
  const found = await daemon.docker("run", "--rm", "looked", "sh", "-c", files);
  expect(found.stdout).toBe("/tree:\nn\n4711 3 4 2\n4711 3 4 2\npipe\n");
  expect(new Set(Object.values(states((await migrate(daemon, { From: source.data })).items)))).toEqual(
    new Set(["present"]),
  );
  expect(source.listing()).toEqual(before.listing);
});

test("a container brings what it needs, and starts where Docker would start it", async () => {
  await using daemon = await Daemon.start({ images: [] });
  const { items } = await migrate(daemon, { From: source.data, Names: ["joined"], Start: true });
  const [{ Name: data }] = Object(before.containers[3]).Mounts.filter(
    ({ Destination }: { Destination: string }) => Destination === "/data",
  );
  expect(states(items)).toEqual({
    "image base:latest": "taken",
    [`volume ${data}`]: "taken",
    "volume named": "taken",
    "network chosen": "taken",
    "network automatic": "taken",
    "container joined": "taken",
  });
  expect(await daemon.ok("ps", "--format", "{{.Names}} {{.State}}")).toBe("joined running");
  // One that was stopped on purpose stays so.
  const rest = await migrate(daemon, { From: source.data, Start: true });
  expect(rest.items.every(({ State }) => State === "taken" || State === "present")).toBe(true);
  expect(await daemon.ok("ps", "--format", "{{.Names}}")).toBe("joined");
});

test("names and subnets that are taken here stay as they are", async () => {
  await using daemon = await Daemon.start();
  const own = await daemon.ok("create", "--name", "ended", "busybox");
  await daemon.ok("network", "create", "--subnet", "10.91.7.0/24", "inTheWay");
  const { items } = await migrate(daemon, { From: source.data });
  const failed = new Map(items.filter(({ State }) => State === "failed").map(({ Name, Reason }) => [Name, Reason]));
  expect([...failed.keys()].sort()).toEqual(["chosen", "ended"]);
  expect(failed.get("ended")).toContain(`is already in use by container "${own}"`);
  expect(failed.get("chosen")).toContain("Pool overlaps");
  expect(await daemon.ok("ps", "-aq", "--no-trunc", "--filter", "name=^ended$")).toBe(own);
});

test("a daemon that is killed amid it leaves nothing half, and the next run brings the rest", async () => {
  await using daemon = await Daemon.start({ images: [] });
  for (const delay of [30, 90, 180, 350]) {
    const running = migrate(daemon, { From: source.data }).catch(() => {});
    await Bun.sleep(delay);
    await daemon.kill();
    await running;
    await daemon.up();
    // What is here is whole.
    for (const name of (await daemon.ok("ps", "-a", "--format", "{{.Names}}")).split("\n").filter(Boolean)) {
      const [container] = JSON.parse(await daemon.ok("inspect", name));
      expect(essence(container)).toEqual(essence(before.containers[names.indexOf(name)]));
    }
    for (const image of (await daemon.ok("image", "ls", "-q")).split("\n").filter(Boolean))
      await daemon.ok("run", "--rm", "--network", "none", image, "true");
    for (const volume of (await daemon.ok("volume", "ls", "-q")).split("\n")) expect(volume).not.toStartWith(".");
    if ((await daemon.docker("volume", "inspect", "named")).exitCode === 0)
      expect(readFileSync(join(daemon.dataRoot, "volumes/named/_data/f"), "utf8")).toBe("ran\n");
  }
  const { items } = await migrate(daemon, { From: source.data });
  expect(items.every(({ State }) => State === "taken" || State === "present")).toBe(true);
  await expectAsBefore(daemon);
});

test("a container that outlived its dockerd is not taken, nor what it writes to", async () => {
  await using other = await DockerSource.start("--live-restore");
  await other.ok(
    "run",
    "-d",
    "--name",
    "alive",
    "--network",
    "none",
    "--restart",
    "always",
    "-v",
    "used:/v",
    "busybox",
    "sleep",
    "1000",
  );
  const { Pid } = JSON.parse(await other.ok("inspect", "alive"))[0].State;
  await other.stop();
  await using daemon = await Daemon.start();
  const { items } = await migrate(daemon, { From: other.data, Containers: true });
  expect(states(items)).toMatchObject({ "volume used": "cannot", "container alive": "cannot" });
  expect(items.map(({ Reason }) => Reason)).toContain(`it still runs (process ${Pid}): stop it first`);
  process.kill(Pid, "SIGKILL");
  await until("the container's end", async () => (await sh(["kill", "-0", String(Pid)])).exitCode !== 0);
  const again = await migrate(daemon, { From: other.data, Containers: true, Start: true });
  expect(states(again.items)).toMatchObject({ "volume used": "taken", "container alive": "taken" });
  expect(await daemon.ok("ps", "--format", "{{.Names}}")).toBe("alive");
});
