/**
 * Clusters that do not exist, in a time of their own: clients change services, machines are lost and come back, commits
 * fail or are not answered, another leader plans in the middle. At every step nothing runs twice; when all has settled,
 * what is is what was asked for. `SEED=7 bin/bun test FILE` runs one of them again.
 */
import { afterEach, expect, spyOn, test } from "bun:test";
import type { ServiceSpec } from "../../api/types/swarm.ts";
import { EngineError } from "../../lib/errors.ts";
import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { createClusterNetwork } from "../networks/create.ts";
import { createService } from "../services/create.ts";
import { removeService } from "../services/remove.ts";
import { updateService } from "../services/update.ts";
import { type Fate, FaultyStore } from "../testing/faulty-store.ts";
import { memoryManager } from "../testing/manager.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { SimNodes } from "../testing/sim-nodes.ts";
import { planRound } from "./round.ts";
import { isWanted } from "./tasks.ts";

const second = 1000;
const history = 5;

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Simulation {
  private now = Date.parse("2026-01-01T00:00:00Z");
  private wakeAt = Number.POSITIVE_INFINITY;
  private faults = true;
  private made = 0;
  private readonly store = new MemoryStore(() => new Date(this.now).toISOString());
  readonly nodes: SimNodes;
  private readonly manager;
  private readonly skew = new Map<string, number>();

  constructor(private readonly random: () => number) {
    const clock = (node: string) => new Date(this.now + this.skewOf(node)).toISOString();
    this.nodes = new SimNodes(this.store, random, clock);
    this.manager = memoryManager(this.store);
  }

  /** Half a minute at most, one way or the other, for each machine. */
  private skewOf(node: string): number {
    const known = this.skew.get(node) ?? Math.round((this.random() - 0.5) * 60 * second);
    this.skew.set(node, known);
    return known;
  }

  get state() {
    return this.store.state;
  }

  async begin(): Promise<void> {
    await createClusterNetwork(this.manager, { Name: "ingress", Driver: "overlay", Ingress: true });
    await createClusterNetwork(this.manager, { Name: "net", Driver: "overlay" });
    for (const name of ["a", "b", "c"]) await this.nodes.add(name);
  }

  async round(): Promise<void> {
    const leader = new FaultyStore(this.store, () => this.fate());
    try {
      const { wakeAt, failures } = await planRound(leader, () => this.now);
      expect(failures).toEqual([]);
      this.wakeAt = wakeAt;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.wakeAt = this.now;
    }
    await this.nodes.step();
    this.check();
    this.now += Math.ceil(this.random() * 200);
  }

  private async fate(): Promise<Fate> {
    if (!this.faults) return "done";
    const dice = this.random();
    // Another manager believes that it leads, and is quicker.
    if (dice < 0.05) await planRound(this.store, () => this.now + 3 * second);
    if (dice > 0.95) return dice > 0.975 ? "refused" : "lost";
    return "done";
  }

  /** No more faults: all machines are there, and time goes on until nothing is left to be done. */
  async settle(): Promise<void> {
    this.faults = false;
    this.nodes.failing = 0;
    for (const { ID } of [...this.state.all("node")]) if (!this.nodes.isHeard(ID)) await this.nodes.report(ID, "ready");
    const end = this.now + 120 * second;
    for (let quiet = 0; quiet < 30 && this.now < end; ) {
      const { index } = this.state;
      await this.round();
      quiet = this.state.index === index ? quiet + 1 : 0;
      if (quiet < 20 || !Number.isFinite(this.wakeAt)) continue;
      this.now = Math.max(this.now, this.wakeAt);
      quiet = 0;
    }
  }

  pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.random() * from.length)];
    if (found === undefined) throw new Error("nothing to pick from");
    return found;
  }

  /** What a client may send. */
  private spec(Mode: ServiceSpec["Mode"]): ServiceSpec {
    const Order = this.pick(["stop-first", "start-first"] as const);
    const job = Mode?.ReplicatedJob ?? Mode?.GlobalJob;
    const Image = job ? "job" : this.pick(["ok", "ok", "ok", "newer", "newest", "bad", "gone"]);
    const config = {
      Order,
      Parallelism: this.pick([0, 1, 3, 20]),
      Delay: this.pick([0, 5e8]),
      Monitor: this.pick([1e9, 5e9]),
      MaxFailureRatio: this.pick([0, 0.4]),
    };
    return {
      Name: `s${++this.made}`,
      Mode: Mode ?? {},
      TaskTemplate: {
        ContainerSpec: { Image },
        Networks: this.random() < 0.5 ? [{ Target: "net" }] : [],
        RestartPolicy: { Delay: this.pick([1e9, 5e9]) },
      },
      ...(!job && {
        UpdateConfig: { ...config, FailureAction: this.pick(["pause", "continue", "rollback"] as const) },
        RollbackConfig: { ...config, FailureAction: this.pick(["pause", "continue"] as const) },
      }),
      ...(this.random() < 0.3 && { EndpointSpec: { Ports: [{ TargetPort: 80 }] } }),
    };
  }

  /** Something that a client, an operator or fate does. What cannot be is refused, and changes nothing. */
  async act(): Promise<void> {
    try {
      await this.tryToAct();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }

  private async tryToAct(): Promise<void> {
    const services = [...this.state.all("service")];
    const dice = this.random();
    if (services.length === 0 || (dice < 0.12 && services.length < 8)) {
      const Replicas = Math.floor(this.random() * 9);
      const mode = this.pick<ServiceSpec["Mode"]>([
        { Replicated: { Replicas } },
        { Replicated: { Replicas } },
        { Global: {} },
        { ReplicatedJob: { MaxConcurrent: 2, TotalCompletions: Replicas } },
        { GlobalJob: {} },
      ]);
      await createService(this.manager, this.spec(mode), "");
    } else if (dice < 0.16) await removeService(this.manager, this.pick(services).ID);
    else if (dice < 0.4) await this.change(this.pick(services));
    else await this.disturb();
  }

  private async change({ ID, Version, Spec, PreviousSpec }: ServiceObject): Promise<void> {
    const options = { seen: Version.Index, auth: "", authFrom: "spec", rollback: false } as const;
    const isGoingBack = PreviousSpec && this.random() < 0.2;
    // Sometimes more than fit into one commit.
    const most = this.random() < 0.05 ? 150 : 9;
    const replicas = Spec.Mode?.Replicated && { Replicated: { Replicas: Math.floor(this.random() * most) } };
    const isScaling = replicas && this.random() < 0.4;
    const next = isScaling ? { ...Spec, Mode: replicas } : { ...this.spec(Spec.Mode), Name: Spec.Name };
    await updateService(this.manager, ID, next, { ...options, rollback: Boolean(isGoingBack) });
  }

  private async disturb(): Promise<void> {
    const present = [...this.state.all("node")];
    const node = this.pick(present);
    const dice = this.random();
    if (dice < 0.3) await this.nodes.report(node.ID, this.nodes.isHeard(node.ID) ? "down" : "ready");
    else if (dice < 0.6) {
      const { ID, IngressAddr, Spec } = node;
      const Availability = this.pick(["active", "active", "pause", "drain"] as const);
      await this.store.commit([{ put: "node", object: { ID, IngressAddr, Spec: { ...Spec, Availability } } }]);
    } else if (dice < 0.65 && present.length > 2) {
      await this.store.commit([
        { remove: "node", id: node.ID },
        { remove: "node-report", id: node.ID },
      ]);
      this.nodes.forget(node.ID);
    } else if (dice < 0.75) {
      if (present.length < 5) await this.nodes.add(`n${++this.made}`);
    }
  }

  /** What holds at every moment. */
  private check(): void {
    const addresses = new Set<string>();
    const take = (network: string, address: string, who: string) => {
      const key = `${network} ${address}`;
      if (addresses.has(key)) throw new Error(`${key} twice, at last for ${who}`);
      addresses.add(key);
    };
    for (const { Name, ID, IPAM } of this.state.all("network"))
      for (const { Gateway } of IPAM.Config ?? []) if (Gateway) take(ID, Gateway, `the gateway of ${Name}`);
    for (const { ID, Endpoint } of this.state.all("service"))
      for (const { NetworkID, Addr } of Endpoint?.VirtualIPs ?? []) take(NetworkID, Addr.split("/")[0] ?? "", ID);
    for (const task of this.state.all("task")) {
      if (isOver(taskStatus(this.state, task).State)) continue;
      for (const { NetworkID, Addresses } of task.Networks)
        for (const each of Addresses) take(NetworkID, each.split("/")[0] ?? "", task.ID);
    }
    for (const service of this.state.all("service")) this.checkService(service);
  }

  private checkService({ ID, Spec, PreviousSpec }: ServiceObject): void {
    const orders = [Spec, PreviousSpec].flatMap((spec) => [spec?.UpdateConfig?.Order, spec?.RollbackConfig?.Order]);
    if (orders.includes("start-first")) this.overlapping.add(ID);
    const running = this.nodes.running(ID).flatMap((task) => this.state.get("task", task.ID) ?? []);
    const counted = running.filter(({ DesiredState }) => DesiredState !== "remove");
    const places = Map.groupBy(counted, (task) => (task.Slot < 0 ? task.NodeID : String(task.Slot)));
    for (const [place, tasks] of places) {
      const overlaps = this.overlapping.has(ID);
      if (overlaps ? tasks.filter(isWanted).length > 2 : tasks.length > 1)
        throw new Error(`place ${place} of ${Spec.Name} runs ${tasks.map(describe).join(" and ")}`);
    }
  }

  /** Services of which new tasks have ever been let start before the old ones end. */
  private readonly overlapping = new Set<string>();

  /** What holds when nothing is left to be done. */
  checkSettled(): void {
    const { state } = this;
    for (const task of state.all("task")) {
      if (!state.get("service", task.ServiceID)) throw new Error(`a task of no service: ${describe(task)}`);
      if (task.DesiredState === "remove") throw new Error(`not removed: ${describe(task)}`);
    }
    for (const kind of ["task-report", "rollout", "credentials"] as const) {
      for (const { ID } of state.all(kind)) {
        if (!state.get(kind === "task-report" ? "task" : "service", ID)) throw new Error(`a ${kind} of nothing: ${ID}`);
      }
    }
    for (const [node, containers] of this.nodes.containers) {
      for (const id of containers.keys())
        if (state.get("task", id)?.NodeID !== node) throw new Error(`left over: ${id}`);
    }
    for (const service of state.all("service")) this.checkWish(service);
  }

  private checkWish(service: ServiceObject): void {
    const { ID, Spec } = service;
    const tasks = [...this.state.tasksOfService(ID)];
    const status = this.state.get("rollout", ID)?.UpdateStatus;
    const what = `${Spec.Name} ${JSON.stringify(Spec.Mode)} ${JSON.stringify(status)}`;
    for (const [place, all] of Map.groupBy(tasks, (task) => (task.Slot < 0 ? task.NodeID : task.Slot))) {
      if (all.length > history + 2) throw new Error(`${what}: ${all.length} tasks of place ${place}`);
    }
    const nodes = [...this.state.all("node")].filter(({ Spec: { Availability } }) => Availability !== "drain");
    const active = nodes.filter(({ Spec: { Availability } }) => Availability === "active").map((node) => node.ID);
    const image = Spec.TaskTemplate.ContainerSpec?.Image ?? "";
    const done = tasks.filter((task) => taskStatus(this.state, task).State === "complete").length;
    const running = this.nodes.running(ID);
    const paused = status?.State.endsWith("paused");
    if (active.length === 0) return;
    if (Spec.Mode?.ReplicatedJob) expect([what, done]).toEqual([what, Spec.Mode.ReplicatedJob.TotalCompletions ?? 0]);
    if (Spec.Mode?.Replicated) {
      const wanted = Spec.Mode.Replicated.Replicas ?? 0;
      expect(running.length).toBeLessThanOrEqual(wanted);
      if (image !== "bad" && image !== "gone" && !paused) expect([what, running.length]).toEqual([what, wanted]);
    }
    if (Spec.Mode?.Global && image !== "bad" && image !== "gone" && !paused) {
      const on = new Set(running.map(({ NodeID }) => NodeID));
      expect([what, active.filter((id) => !on.has(id))]).toEqual([what, []]);
      expect([what, on.size]).toEqual([what, running.length]);
    }
    if (image !== "bad" && image !== "gone" && !paused) {
      for (const { Spec: made } of running) {
        if (!Spec.Mode?.Global || active.length === nodes.length)
          expect([what, made.ContainerSpec?.Image]).toEqual([what, image]);
      }
    }
  }
}

const describe = ({ ID, Slot, NodeID, DesiredState, SpecVersion }: TaskObject): string =>
  `${ID} (slot ${Slot} on ${NodeID}, ${DesiredState}, of spec ${SpecVersion})`;

const seeds = process.env["SEED"]
  ? [Number(process.env["SEED"])]
  : Array.from({ length: Number(process.env["SEEDS"] ?? 8) }, (_, i) => i + 1);
let restore = () => {};
afterEach(() => restore());

test.each(seeds)("seed %d", async (seed) => {
  const random = randomOf(seed);
  const spy = spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    if (array instanceof Uint8Array) for (let i = 0; i < array.length; i++) array[i] = Math.floor(random() * 256);
    return array;
  });
  restore = () => spy.mockRestore();
  const simulation = new Simulation(random);
  await simulation.begin();
  for (let step = 0; step < 60; step++) {
    await simulation.act();
    for (let round = Math.floor(random() * 8); round > 0; round--) await simulation.round();
  }
  await simulation.settle();
  simulation.checkSettled();
});
