/** Engines become a cluster, run tasks of it, come back after a restart, change their parts, and leave nothing. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { SwarmInitRequest } from "../../src/api/schema/swarm.ts";
import type { ManagerDeps } from "../../src/cluster/deps.ts";
import { taskStatus } from "../../src/cluster/model/task-status.ts";
import { updateNode } from "../../src/cluster/nodes/update.ts";
import { createService } from "../../src/cluster/services/create.ts";
import { Swarm } from "../../src/cluster/swarm.ts";
import { MemoryBackings } from "../../src/cluster/testing/memory-backings.ts";
import { allContainers } from "../../src/container/table.ts";
import { Semaphore } from "../../src/lib/lock.ts";
import { Rig } from "../container/rig.ts";
import { freePort, until } from "../harness.ts";

class Host implements AsyncDisposable {
  swarm: Swarm;
  private constructor(
    readonly rig: Rig,
    private readonly backings: MemoryBackings,
    readonly name: string,
  ) {
    this.swarm = this.#open();
  }

  static async start(name: string, backings: MemoryBackings): Promise<Host> {
    return new Host(await Rig.start(), backings, name);
  }

  #open(): Swarm {
    const { rig } = this;
    const remote = {
      images: rig.images,
      config: () => ({ registries: {}, insecureRegistries: [], hubMirrors: [], certsDirs: [], proxies: {} }),
      downloads: new Semaphore(3),
      uploads: new Semaphore(3),
      attempts: 1,
      userAgent: "test",
    };
    return new Swarm({
      containers: rig.deps,
      networks: rig.networks,
      remote,
      events: rig.deps.events,
      log: rig.deps.log,
      dataRoot: join(rig.root, "data"),
      describe: () => ({ Hostname: this.name, Platform: { OS: "linux", Architecture: "x86_64" } }),
      backings: this.backings,
    });
  }

  /** The daemon goes and another one comes. */
  async restart(): Promise<void> {
    await this.swarm.close();
    await this.rig.crashAndRestart();
    this.swarm = this.#open();
    await this.swarm.restore();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.swarm.leave(true).catch(() => {});
    await this.rig[Symbol.asyncDispose]();
  }
}

const backings = new MemoryBackings();
const port = freePort(2);
let [one, two]: Host[] = [];
beforeAll(async () => {
  [one, two] = await Promise.all([Host.start("host1", backings), Host.start("host2", backings)]);
});
afterAll(async () => {
  for (const host of [two, one]) await host?.[Symbol.asyncDispose]();
});

const clusterOf = ({ rig }: Host) => join(rig.root, "data", "cluster");

function hosts(): [Host, Host] {
  if (!one || !two) throw new Error("not started");
  return [one, two];
}

/** A service of one task on one node. */
async function runOn(manager: ManagerDeps, nodeId: string, Name: string): Promise<void> {
  await createService(
    manager,
    {
      Name,
      TaskTemplate: {
        ContainerSpec: { Image: "busybox", Command: ["sleep", "99"], StopGracePeriod: 1e8 },
        Placement: { Constraints: [`node.id==${nodeId}`] },
      },
    },
    "",
  );
  await until(`${Name} runs (${stateOf(manager, Name)})`, () => stateOf(manager, Name) === "running");
}

function stateOf({ store: { state } }: ManagerDeps, name: string): string {
  const task = [...state.all("task")].find(({ ServiceName }) => ServiceName === name);
  return task ? taskStatus(state, task).State : "none";
}

test("outside of any cluster; what an init cannot be asked", async () => {
  const [host] = hosts();
  const { swarm } = host;
  expect(swarm.info()).toMatchObject({ LocalNodeState: "inactive", NodeID: "", ControlAvailable: false });
  expect(swarm.pingState()).toBe("inactive");
  expect(() => swarm.manager()).toThrow('This node is not a swarm manager. Use "docker swarm init"');
  expect(swarm.leave(true)).rejects.toThrow("This node is not part of a swarm");
  const asked = { ListenAddr: "127.0.0.1:0", AdvertiseAddr: "127.0.0.1" };
  for (const [request, why] of [
    [{}, 'invalid ListenAddr "": invalid empty address'],
    [{ ...asked, AdvertiseAddr: "eth99" }, "advertise address must be a non-zero IP address or network interface"],
    [{ ...asked, DataPathPort: 99 }, "Datapath port number is not in valid range (1024-49151) : 99"],
    [{ ...asked, SubnetSize: 40 }, "subnet size is out of range: 40"],
    [{ ...asked, DefaultAddrPool: ["bad"] }, "invalid base pool bad: invalid CIDR address: bad"],
    [{ ...asked, Spec: { Name: "foo" } }, 'swarm spec must be named "default"'],
    [{ ...asked, Spec: { CAConfig: { NodeCertExpiry: 1000 } } }, "minimum certificate expiry time is: 1h0m0s"],
  ] satisfies [SwarmInitRequest, string][]) {
    await expect(swarm.init(request)).rejects.toThrow(why);
    expect(swarm.pingState()).toBe("inactive");
    expect(existsSync(clusterOf(host))).toBe(false);
  }
});

test("a cluster of one runs a task; a restart leaves it alone; a worker joins, and is promoted", async () => {
  const [first, second] = hosts();
  const nodeId = await first.swarm.init({ ListenAddr: `127.0.0.1:${port}`, AdvertiseAddr: "127.0.0.1" });
  expect(first.swarm.info()).toMatchObject({
    NodeID: nodeId,
    NodeAddr: "127.0.0.1",
    LocalNodeState: "active",
    ControlAvailable: true,
    Error: "",
    Nodes: 1,
    Managers: 1,
    RemoteManagers: [{ NodeID: nodeId, Addr: `127.0.0.1:${port}` }],
  });
  expect(first.swarm.pingState()).toBe("active/manager");
  expect(first.swarm.init({ ListenAddr: "127.0.0.1" })).rejects.toThrow("This node is already part of a swarm.");
  let manager = first.swarm.manager();
  await runOn(manager, nodeId, "one");
  const pid = () => allContainers(first.rig.deps.store)[0]?.state.pid;
  const before = pid();
  await first.restart();
  manager = first.swarm.manager();
  expect(first.swarm.info()).toMatchObject({ NodeID: nodeId, LocalNodeState: "active" });
  await until("it is ready", () => manager.store.state.get("node-report", nodeId)?.Status.State === "ready");
  expect(pid()).toBe(before);
  expect(stateOf(manager, "one")).toBe("running");

  const [keys] = manager.store.state.all("cluster-keys");
  const join = { RemoteAddrs: [`127.0.0.1:${port}`], AdvertiseAddr: "127.0.0.1", ListenAddr: `127.0.0.1:${port + 1}` };
  expect(second.swarm.join({ ...join, JoinToken: "x" })).rejects.toThrow("invalid join token");
  expect(second.swarm.join({ JoinToken: "x" })).rejects.toThrow("at least 1 RemoteAddr is required to join");
  await second.swarm.join({ ...join, JoinToken: keys?.JoinTokens.Worker ?? "" });
  const info = second.swarm.info();
  expect(info).toMatchObject({ LocalNodeState: "active", ControlAvailable: false });
  expect(second.swarm.pingState()).toBe("active/worker");
  expect(() => second.swarm.manager()).toThrow("Worker nodes can't be used to view or modify cluster state.");
  await runOn(manager, info.NodeID ?? "", "two");
  expect(allContainers(second.rig.deps.store)).toHaveLength(1);
  await second.restart();
  await until("it is known again", () => second.swarm.info().Error === "");

  const node = manager.store.state.get("node", info.NodeID ?? "");
  await updateNode(manager, info.NodeID ?? "", node?.Version.Index ?? 0, { Role: "manager", Availability: "active" });
  await until("it is a manager", () => second.swarm.pingState() === "active/manager");
  const again = manager.store.state.get("node", info.NodeID ?? "");
  await updateNode(manager, info.NodeID ?? "", again?.Version.Index ?? 0, { Role: "worker", Availability: "active" });
  await until("it is a worker", () => second.swarm.pingState() === "active/worker");

  const [old] = manager.store.state.all("cluster");
  const spec = { ...old?.Spec, CAConfig: { ...old?.Spec.CAConfig, ForceRotate: 1 } };
  const nothingElse = { workerToken: false, managerToken: false, managerUnlockKey: false };
  await first.swarm.update(old?.Version.Index ?? 0, spec, nothingElse);
  const cluster = () => [...manager.store.state.all("cluster")][0];
  expect(cluster()?.RootRotationInProgress).toBe(true);
  await until("the rotation is over", () => cluster()?.RootRotationInProgress === false);
  expect(cluster()?.TLSInfo.TrustRoot).not.toBe(old?.TLSInfo.TrustRoot);
  await until("both are known by it", () => second.swarm.info().Error === "" && first.swarm.info().Error === "");
  const [fresh] = manager.store.state.all("cluster-keys");
  expect(fresh?.JoinTokens.Worker).not.toBe(keys?.JoinTokens.Worker);
  await second.restart();
  await until("it is known again", () => second.swarm.info().Error === "");

  await second.swarm.leave(false);
  expect(allContainers(second.rig.deps.store)).toEqual([]);
  await until("it is down", () => manager.store.state.get("node-report", info.NodeID ?? "")?.Status.State === "down");
  expect(first.swarm.leave(false)).rejects.toThrow("Removing the last manager erases all current state of the swarm.");
  await first.swarm.leave(true);
  expect(first.swarm.pingState()).toBe("inactive");
  expect(allContainers(first.rig.deps.store)).toEqual([]);
  expect(existsSync(clusterOf(first))).toBe(false);
});
