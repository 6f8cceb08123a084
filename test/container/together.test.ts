import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { Filters } from "../../src/api/filters.ts";
import { pruneContainers } from "../../src/container/life/prune.ts";
import { removeContainer } from "../../src/container/life/remove.ts";
import { startContainer } from "../../src/container/life/start.ts";
import { stopContainer } from "../../src/container/life/stop.ts";
import { updateContainer } from "../../src/container/life/update.ts";
import { waitContainer } from "../../src/container/life/wait.ts";
import { containerLogs } from "../../src/container/logs/logs.ts";
import { connectContainer, disconnectContainer } from "../../src/container/network/connect.ts";
import { containersDiskUsage } from "../../src/container/view/disk-usage.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { listContainers } from "../../src/container/view/list.ts";
import { containerStats } from "../../src/container/view/stats.ts";
import { until } from "../harness.ts";
import { collect, Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => void (rig = await Rig.start()));
afterAll(() => rig[Symbol.asyncDispose]());

const gone = async (...ids: string[]) => {
  for (const id of ids) await removeContainer(rig.deps, id, { force: true });
};
const bridge = { NetworkMode: "bridge" };

describe("network", () => {
  test("hosts, hostname, addresses, a published port", async () => {
    const id = await rig.start(
      ["sh", "-c", "mkdir /w; hostname > /w/index.html; exec httpd -f -p 80 -h /w"],
      { Hostname: "web", StopTimeout: 0 },
      {
        ...bridge,
        ExtraHosts: ["other:10.9.8.7"],
        PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
      },
    );
    const c = await inspectContainer(rig.deps, id);
    const endpoint = c.NetworkSettings?.Networks?.bridge;
    expect(endpoint?.IPAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const port = c.NetworkSettings?.Ports?.["80/tcp"]?.[0]?.HostPort;
    expect(
      await until("the page", () =>
        fetch(`http://127.0.0.1:${port}/`).then(
          (r) => r.text(),
          () => "",
        ),
      ),
    ).toBe("web\n");
    expect((await listContainers(rig.deps, {}))[0]?.Ports).toEqual([
      { IP: "127.0.0.1", PrivatePort: 80, PublicPort: Number(port), Type: "tcp" },
    ]);
    const shown = await rig.run(
      ["cat", "/etc/hosts", "/etc/hostname"],
      { Hostname: "me" },
      { ...bridge, ExtraHosts: ["other:10.9.8.7"] },
    );
    expect(shown.stdout).toContain("10.9.8.7\tother\n");
    expect(shown.stdout).toMatch(/\tme\nme\n$/);
    await gone(id, shown.id);
    expect(
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => "up",
        () => "down",
      ),
    ).toBe("down");
  });

  test("a port that is taken fails the start and leaves nothing", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const id = await rig.create(
      ["sleep", "1000"],
      {},
      { ...bridge, PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: port }] } },
    );
    await expect(startContainer(rig.deps, id)).rejects.toThrow(
      /^failed to set up container networking: driver failed programming external connectivity on endpoint/,
    );
    expect((await inspectContainer(rig.deps, id)).State).toMatchObject({ Status: "created", ExitCode: 128 });
    server.close();
    await gone(id);
  });

  test("ports without a protocol, and an image's that are none", async () => {
    await rig.image("odd", { Cmd: ["true"], ExposedPorts: { http: {}, "80": {}, "90-92/tcp": {} } });
    const { id } = await rig.run(
      ["true"],
      { Image: "odd", ExposedPorts: { "53/UDP": {} } },
      { ...bridge, PortBindings: { "81": [{ HostPort: "" }] } },
    );
    const { Config, HostConfig } = await inspectContainer(rig.deps, id);
    const ports = ["53/udp", "80/tcp", "90/tcp", "91/tcp", "92/tcp"];
    expect(Object.keys(Config?.ExposedPorts ?? {}).sort()).toEqual(ports);
    expect(Object.keys(HostConfig?.PortBindings ?? {})).toEqual(["81/tcp"]);
    await gone(id);
    await expect(rig.create(["true"], { ExposedPorts: { http: {} } })).rejects.toThrow("invalid port 'http'");
  });

  test("another container's, with its files", async () => {
    const host = await rig.start(["sleep", "1000"], { Hostname: "donor", StopTimeout: 0 }, bridge, "donor");
    const guest = await rig.run(
      ["sh", "-c", "hostname; cat /etc/hostname; ip -o -4 addr show eth0 | awk '{print $4}'"],
      {},
      { NetworkMode: "container:donor" },
    );
    const ip = (await inspectContainer(rig.deps, host)).NetworkSettings?.Networks?.bridge?.IPAddress;
    expect(guest.stdout).toStartWith(`donor\ndonor\n${ip}/`);
    await gone(host);
    await expect(startContainer(rig.deps, guest.id)).rejects.toThrow(
      "joining network namespace of container: No such container",
    );
    await gone(guest.id);
  });

  test("links", async () => {
    const db = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, bridge, "db");
    const app = await rig.run(["cat", "/etc/hosts"], {}, { ...bridge, Links: ["db:base"] });
    const ip = (await inspectContainer(rig.deps, db)).NetworkSettings?.Networks?.bridge?.IPAddress;
    expect(app.stdout).toMatch(new RegExp(`^${ip}\tbase `, "m"));
    expect((await inspectContainer(rig.deps, app.id)).HostConfig?.Links).toEqual([
      `/db:/${(await inspectContainer(rig.deps, app.id)).Name?.slice(1)}/base`,
    ]);
    await expect(rig.create(["true"], {}, { ...bridge, Links: ["nobody:x"] })).rejects.toThrow(
      "could not get container for nobody: No such container: nobody",
    );
    await gone(app.id);

    const runs = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, { ...bridge, Links: ["db:base"] });
    await stopContainer(rig.deps, db);
    const taker = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, bridge);
    await startContainer(rig.deps, db);
    const now = (await inspectContainer(rig.deps, db)).NetworkSettings?.Networks?.bridge?.IPAddress;
    expect(readFileSync((await inspectContainer(rig.deps, runs)).HostsPath ?? "", "utf8")).toMatch(
      new RegExp(`^${now}\tbase `, "m"),
    );
    await gone(db, runs, taker);
  });

  test("what cannot be connected", async () => {
    const id = await rig.create(["true"], {}, { NetworkMode: "none" });
    await expect(connectContainer(rig.deps, "bridge", { Container: id })).rejects.toThrow(
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
    await disconnectContainer(rig.deps, "none", { Container: id });
    await connectContainer(rig.deps, "bridge", { Container: id });
    expect(Object.keys((await inspectContainer(rig.deps, id)).NetworkSettings?.Networks ?? {})).toEqual(["bridge"]);
    await gone(id);
  });
});

describe("namespaces of others", () => {
  test("pid and ipc", async () => {
    const host = await rig.start(
      ["sh", "-c", "echo shared > /dev/shm/x; exec sleep 1000"],
      { StopTimeout: 0 },
      { IpcMode: "shareable" },
      "ns",
    );
    await until(
      "the file",
      async () =>
        (
          await rig.run(["cat", "/dev/shm/x"], {}, { IpcMode: "container:ns" }).then(async (ran) => {
            await gone(ran.id);
            return ran;
          })
        ).stdout === "shared\n",
    );
    const seen = await rig.run(["ps", "-o", "args"], {}, { PidMode: "container:ns" });
    expect(seen.stdout).toContain("sleep 1000");
    const lonely = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, {}, "lonely");
    const guest = await rig.create(["true"], {}, { IpcMode: "container:lonely" });
    await expect(startContainer(rig.deps, guest)).rejects.toThrow(
      "non-shareable IPC (hint: use IpcMode:shareable for the donor container)",
    );
    await gone(seen.id, guest, lonely, host);
  });
});

describe("limits", () => {
  test("are changed at once, kept, and held against each other", async () => {
    const id = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, { Memory: 64 << 20 });
    await updateContainer(rig.deps, id, { Memory: 32 << 20, PidsLimit: 50, RestartPolicy: { Name: "always" } });
    const stats = await oneSample(id);
    expect(stats.memory_stats?.limit).toBe(32 << 20);
    expect(stats.pids_stats?.limit).toBe(50);
    expect((await inspectContainer(rig.deps, id)).HostConfig).toMatchObject({
      Memory: 32 << 20,
      MemorySwap: 128 << 20,
      PidsLimit: 50,
      RestartPolicy: { Name: "always" },
    });
    await expect(updateContainer(rig.deps, id, { Memory: 256 << 20 })).rejects.toThrow(
      `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update ` +
        "the memoryswap at the same time",
    );
    await expect(updateContainer(rig.deps, id, { Memory: 1 })).rejects.toThrow("Minimum memory limit allowed is 6MB");
    await gone(id);
  });

  test("memory that runs out", async () => {
    const { id, exitCode } = await rig.run(
      ["sh", "-c", "tail /dev/zero"],
      {},
      { Memory: 16 << 20, MemorySwap: 16 << 20 },
    );
    expect(exitCode).toBe(137);
    expect((await inspectContainer(rig.deps, id)).State?.OOMKilled).toBe(true);
    await until("the events", () => rig.actions(id).slice(-2).join() === "oom,die");
    await gone(id);
  });
});

async function oneSample(id: string) {
  for await (const stats of await containerStats(rig.deps, id, { stream: false, oneShot: true })) return stats;
  throw new Error("no sample");
}

test("stats of two moments, of one that rests, and in a stream", async () => {
  const id = await rig.start(["sh", "-c", "while :; do :; done"], { StopTimeout: 0 }, bridge);
  for await (const stats of await containerStats(rig.deps, id, { stream: false })) {
    expect(stats.cpu_stats?.cpu_usage?.total_usage).toBeGreaterThan(
      stats.precpu_stats?.cpu_usage?.total_usage ?? Infinity,
    );
    expect(stats.networks?.eth0).toBeDefined();
  }
  await gone(id);
  const rests = await rig.create(["true"]);
  const name = (await inspectContainer(rig.deps, rests)).Name ?? "";
  expect(await oneSample(rests)).toMatchObject({
    id: rests,
    name,
    os_type: "linux",
    read: "0001-01-01T00:00:00Z",
    memory_stats: {},
    pids_stats: {},
  });
  const abort = new AbortController();
  let samples = 0;
  for await (const _ of await containerStats(rig.deps, rests, { signal: abort.signal }))
    if (++samples === 2) abort.abort();
  expect(samples).toBe(2);
  await gone(rests);
});

test("logs: lines, times, tails, following to the end", async () => {
  const id = await rig.create(
    ["sh", "-c", "for i in 1 2 3; do echo $i; done; sleep 0.2; echo 4 >&2; printf end"],
    { Labels: { a: "b c" } },
    { LogConfig: { Type: "local", Config: {} } },
  );
  await startContainer(rig.deps, id);
  const followed = collect(await containerLogs(rig.deps, id, { stdout: true, stderr: true, follow: true }));
  expect(await followed).toEqual({ stdout: "1\n2\n3\nend", stderr: "4\n" });
  expect((await collect(await containerLogs(rig.deps, id, { stdout: true, tail: "2" }))).stdout).toBe("3\nend");
  const stamped = (
    await collect(await containerLogs(rig.deps, id, { stdout: true, timestamps: true, tail: "all" }))
  ).stdout.split("\n");
  expect(stamped[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 1$/);
  await gone(id);
  const told = await rig.run(
    ["echo", "x"],
    { Labels: { a: "b c" }, Env: ["E=(1)", "F=2"] },
    { LogConfig: { Type: "json-file", Config: { labels: "a", env: "E", tag: "{{.Name}}/{{ .ImageName }}" } } },
  );
  const { Name } = await inspectContainer(rig.deps, told.id);
  expect((await collect(await containerLogs(rig.deps, told.id, { stdout: true, details: true }))).stdout).toBe(
    `E=%281%29,a=b+c,tag=${Name?.slice(1)}%2Fbusybox x\n`,
  );
  await gone(told.id);
  await expect(
    rig.create(["true"], {}, { LogConfig: { Type: "json-file", Config: { tag: "{{.Nope}}" } } }),
  ).rejects.toThrow("can't evaluate field Nope");
  const silent = await rig.run(["echo", "x"], {}, { LogConfig: { Type: "none" } });
  await expect(containerLogs(rig.deps, silent.id, { stdout: true }).then(collect)).rejects.toThrow(
    "configured logging driver does not support reading",
  );
  await gone(silent.id);
  await expect(rig.create(["true"], {}, { LogConfig: { Type: "what" } })).rejects.toThrow(
    'error looking up logging plugin what: plugin "what" not found',
  );
});

test("waits", async () => {
  const id = await rig.create(["sh", "-c", "exit 2"]);
  expect(await (await waitContainer(rig.deps, id)).result).toEqual({ StatusCode: 0 });
  const abort = new AbortController();
  const given = (await waitContainer(rig.deps, id, "removed", abort.signal)).result;
  const removal = (await waitContainer(rig.deps, id, "removed")).result;
  const exit = (await waitContainer(rig.deps, id, "next-exit")).result;
  await startContainer(rig.deps, id);
  expect(await exit).toEqual({ StatusCode: 2 });
  abort.abort(new Error("left"));
  await expect(given).rejects.toThrow("left");
  await gone(id);
  expect(await removal).toEqual({ StatusCode: 2 });
});

test("filters of the list, prune and disk usage", async () => {
  const a = await rig.run(["sh", "-c", "echo 12345 > /f; exit 4"], { Labels: { keep: "no" } });
  const b = await rig.start(
    ["sleep", "1000"],
    { Labels: { keep: "yes" }, ExposedPorts: { "80/tcp": {} }, StopTimeout: 0 },
    { ...bridge, Binds: ["listed:/v"], PublishAllPorts: true },
    "filtered",
  );
  const c = await rig.create(["true"], { Labels: { keep: "yes" } });
  const ids = async (filters: Record<string, string[]>, all = true) =>
    (await listContainers(rig.deps, { all, filters: new Filters(Object.entries(filters)) })).map((s) => s.Id);
  expect(await ids({ exited: ["4"] })).toEqual([a.id]);
  expect(await ids({ status: ["created", "running"] }, false)).toEqual([c, b]);
  expect(await ids({ label: ["keep=yes"] })).toEqual([c, b]);
  expect(await ids({ name: ["^filt"] })).toEqual([b]);
  expect(await ids({ id: [c.slice(0, 10)] })).toEqual([c]);
  expect(await ids({ volume: ["listed"] })).toEqual([b]);
  expect(await ids({ volume: ["/v"] })).toEqual([b]);
  expect(await ids({ network: ["bridge"] })).toEqual([b]);
  expect(await ids({ expose: ["79-81/tcp"] })).toEqual([b]);
  expect(await ids({ ancestor: ["busybox"] })).toEqual([c, b, a.id]);
  expect(await ids({ ancestor: ["nothing"] })).toEqual([]);
  expect(await ids({ before: [c], since: [a.id] })).toEqual([b]);
  expect(await ids({ health: ["none"], "is-task": ["false"] })).toEqual([c, b, a.id]);
  await expect(ids({ status: ["what"] })).rejects.toThrow(
    "invalid filter 'status=what': invalid value for state (what): must be one of created, running, paused, " +
      "restarting, removing, exited, dead",
  );
  await expect(ids({ what: ["x"] })).rejects.toThrow("invalid filter 'what'");

  const usage = await containersDiskUsage(rig.deps);
  expect(usage).toMatchObject({ ActiveCount: 1, TotalCount: 3 });
  expect(usage.Reclaimable).toBe(6);
  expect((await pruneContainers(rig.deps, new Filters([["label!", ["keep=yes"]]]))).ContainersDeleted).toEqual([a.id]);
  expect((await pruneContainers(rig.deps, new Filters([["until", ["1h"]]]))).ContainersDeleted).toBeNull();
  expect((await pruneContainers(rig.deps)).ContainersDeleted).toEqual([c]);
  await gone(b);
});

test("twenty at once", async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, () => rig.start(["sleep", "1000"], { StopTimeout: 0 }, bridge)),
  );
  expect((await listContainers(rig.deps, {})).length).toBe(20);
  await Promise.all(ids.map((id) => removeContainer(rig.deps, id, { force: true })));
  expect(await listContainers(rig.deps, { all: true })).toEqual([]);
});
