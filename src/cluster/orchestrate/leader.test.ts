import { afterEach, expect, test } from "bun:test";
import type { ServiceSpec } from "../../api/types/swarm.ts";
import { Logger } from "../../lib/log.ts";
import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { taskStatus } from "../model/task-status.ts";
import { createClusterNetwork } from "../networks/create.ts";
import { createService } from "../services/create.ts";
import { removeService } from "../services/remove.ts";
import { updateService } from "../services/update.ts";
import { FakeNodes } from "../testing/agents.ts";
import { memoryManager } from "../testing/manager.ts";
import { Leader } from "./leader.ts";

const ms = 1_000_000;
const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function cluster(...names: string[]) {
  const manager = memoryManager();
  const { state } = manager.store;
  const nodes = new FakeNodes(manager.store);
  for (const name of names) await nodes.add(name);
  const logged: string[] = [];
  const leader = new Leader(manager.store, new Logger("info", "text", (line) => logged.push(line)));
  leader.start();
  ended.push(async () => {
    nodes.stop();
    await leader.stop();
  });
  const spec = (more: ServiceSpec, Image = "ok"): ServiceSpec => ({
    Name: "web",
    ...more,
    TaskTemplate: { RestartPolicy: { Delay: 5 * ms }, ...more.TaskTemplate, ContainerSpec: { Image } },
  });
  const create = async (more: ServiceSpec, image?: string) =>
    (await createService(manager, spec(more, image), "")).ID ?? "";
  const update = (id: string, more: ServiceSpec, image?: string) => {
    const seen = state.get("service", id)?.Version.Index ?? 0;
    return updateService(manager, id, spec(more, image), { seen, auth: "", authFrom: "spec", rollback: false });
  };
  const running = (id: string) =>
    [...state.tasksOfService(id)].filter((task) => taskStatus(state, task).State === "running" && isOn(task));
  const isOn = ({ NodeID }: TaskObject) => state.get("node-report", NodeID)?.Status.State === "ready";
  const perNode = (id: string) => {
    const counts = names.map((name) => running(id).filter(({ NodeID }) => NodeID === name).length);
    return counts.sort((a, b) => b - a);
  };
  const rollout = (id: string) => state.get("rollout", id)?.UpdateStatus;
  return { manager, state, nodes, leader, create, update, running, perNode, rollout, logged };
}

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${holds}`);
    await Bun.sleep(2);
  }
}

const imagesOf = (tasks: readonly TaskObject[]) => [...new Set(tasks.map(({ Spec }) => Spec.ContainerSpec?.Image))];

test("replicas run, spread over the nodes; more, fewer, none", async () => {
  const { create, update, running, perNode, state, manager } = await cluster("a", "b", "c");
  const id = await create({ Mode: { Replicated: { Replicas: 7 } } });
  await until(() => running(id).length === 7);
  expect(perNode(id)).toEqual([3, 2, 2]);
  expect(new Set(running(id).map(({ Slot }) => Slot))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  await update(id, { Mode: { Replicated: { Replicas: 3 } } });
  await until(() => [...state.tasksOfService(id)].length === 3);
  expect(perNode(id)).toEqual([1, 1, 1]);
  await update(id, { Mode: { Replicated: { Replicas: 5 } } });
  await until(() => running(id).length === 5);
  await removeService(manager, id);
  await until(() => [...state.all("task")].length === 0 && [...state.all("task-report")].length === 0);
});

test("tasks of a node that is not heard of run elsewhere, once; those of one that drains move", async () => {
  const { create, running, nodes, state, perNode } = await cluster("a", "b", "c");
  const id = await create({ Mode: { Replicated: { Replicas: 6 } } });
  await until(() => running(id).length === 6);
  await nodes.vanish("a");
  await until(() => running(id).length === 6);
  expect(running(id).every(({ NodeID }) => NodeID !== "a")).toBe(true);
  await nodes.come("a");
  await until(() => [...state.tasksOfNode("a")].every((task) => taskStatus(state, task).State === "shutdown"));
  expect(running(id)).toHaveLength(6);
  expect(perNode(id)).toEqual([3, 3, 0]);
});

test("what fails is started again after its delay, as often as it may be", async () => {
  const { create, nodes, state } = await cluster("a");
  nodes.fates.set("bad", "fails");
  const RestartPolicy = { Delay: 5 * ms, MaxAttempts: 2 };
  const id = await create({ TaskTemplate: { RestartPolicy } }, "bad");
  await until(() => [...state.tasksOfService(id)].length === 3);
  await Bun.sleep(60);
  const tasks = [...state.tasksOfService(id)];
  expect(tasks.map((task) => [taskStatus(state, task).State, task.DesiredState])).toEqual([
    ["failed", "shutdown"],
    ["failed", "shutdown"],
    ["failed", "shutdown"],
  ]);
});

test("only so much of the past is remembered", async () => {
  const { create, nodes, state } = await cluster("a");
  nodes.fates.set("bad", "fails");
  const id = await create({ TaskTemplate: { RestartPolicy: { Delay: ms } } }, "bad");
  const most = () => Math.max(...[...state.tasksOfService(id)].map(({ Restarts = [] }) => Restarts.length));
  await until(() => most() > 10);
  expect([...state.tasksOfService(id)].length).toBeLessThanOrEqual(6);
});

test("an update replaces two at a time, and says how it goes", async () => {
  const { create, update, running, rollout, state } = await cluster("a", "b");
  const UpdateConfig = { Parallelism: 2, Monitor: 20 * ms };
  const id = await create({ Mode: { Replicated: { Replicas: 6 } }, UpdateConfig });
  await until(() => running(id).length === 6);
  expect(rollout(id)).toBeUndefined();
  let least = 6;
  const watch = setInterval(() => (least = Math.min(least, running(id).length)), 1);
  await update(id, { Mode: { Replicated: { Replicas: 6 } }, UpdateConfig }, "newer");
  await until(() => rollout(id)?.State === "updating");
  await until(() => rollout(id)?.State === "completed");
  clearInterval(watch);
  expect(imagesOf(running(id))).toEqual(["newer"]);
  expect(running(id)).toHaveLength(6);
  expect(least).toBeGreaterThanOrEqual(4);
  expect(rollout(id)?.Message).toBe("update completed");
  expect([...state.tasksOfService(id)]).toHaveLength(12);
});

test("an update that starts first never has fewer running", async () => {
  const { create, update, running, rollout } = await cluster("a", "b");
  const UpdateConfig = { Parallelism: 1, Monitor: 5 * ms, Order: "start-first" as const };
  const id = await create({ Mode: { Replicated: { Replicas: 3 } }, UpdateConfig });
  await until(() => running(id).length === 3);
  let least = 3;
  const watch = setInterval(() => (least = Math.min(least, running(id).length)), 1);
  await update(id, { Mode: { Replicated: { Replicas: 3 } }, UpdateConfig }, "newer");
  await until(() => rollout(id)?.State === "completed");
  await until(() => running(id).length === 3);
  clearInterval(watch);
  expect([least, imagesOf(running(id))]).toEqual([3, ["newer"]]);
});

test("an update that fails stops there, really", async () => {
  const { create, update, running, nodes, rollout, state } = await cluster("a", "b");
  nodes.fates.set("bad", "fails");
  const id = await create({ Mode: { Replicated: { Replicas: 3 } } });
  await until(() => running(id).length === 3);
  await update(id, { Mode: { Replicated: { Replicas: 3 } } }, "bad");
  await until(() => rollout(id)?.State === "paused");
  const count = [...state.tasksOfService(id)].length;
  expect(rollout(id)?.Message).toMatch(/^update paused due to failure or early termination of task [0-9a-z]{25}$/);
  await Bun.sleep(50);
  expect([...state.tasksOfService(id)]).toHaveLength(count);
  expect([running(id).length, imagesOf(running(id))]).toEqual([2, ["ok"]]);
});

test("or goes back by itself", async () => {
  const { create, update, running, nodes, rollout, state } = await cluster("a", "b");
  nodes.fates.set("bad", "fails");
  const UpdateConfig = { FailureAction: "rollback" as const };
  const RollbackConfig = { Monitor: 10 * ms, Parallelism: 0 };
  const id = await create({ Mode: { Replicated: { Replicas: 3 } }, UpdateConfig, RollbackConfig });
  await until(() => running(id).length === 3);
  await update(id, { Mode: { Replicated: { Replicas: 3 } }, UpdateConfig, RollbackConfig }, "bad");
  await until(() => rollout(id)?.State === "rollback_completed");
  expect([running(id).length, imagesOf(running(id))]).toEqual([3, ["ok"]]);
  expect(state.get("service", id)?.PreviousSpec).toBeUndefined();
});

test("a global service runs on each node, on those that come later as well", async () => {
  const { create, running, nodes, perNode } = await cluster("a", "b");
  const id = await create({ Mode: { Global: {} } });
  await until(() => running(id).length === 2);
  expect(perNode(id)).toEqual([1, 1]);
  await nodes.add("c");
  await until(() => running(id).length === 3);
  await nodes.vanish("a");
  await until(() => running(id).length === 2);
  await nodes.come("a");
  await until(() => running(id).length === 3);
});

test("jobs: so many in all, so many at a time; again when told to", async () => {
  const { create, update, nodes, state } = await cluster("a", "b");
  nodes.fates.set("job", "completes");
  const Mode = { ReplicatedJob: { MaxConcurrent: 2, TotalCompletions: 5 } };
  const id = await create({ Mode, TaskTemplate: {} }, "job");
  const done = () => [...state.tasksOfService(id)].filter((task) => taskStatus(state, task).State === "complete");
  await until(() => done().length === 5);
  await Bun.sleep(40);
  expect([...state.tasksOfService(id)].map(({ Slot }) => Slot).sort()).toEqual([0, 1, 2, 3, 4]);
  await update(id, { Mode, TaskTemplate: { ForceUpdate: 1 } }, "job");
  await until(() => done().length === 5 && done().every(({ JobIteration }) => JobIteration?.Index === 1));
  const everywhere = await create({ Name: "each", Mode: { GlobalJob: {} }, TaskTemplate: {} }, "job");
  await until(() => [...state.tasksOfService(everywhere)].length === 2);
});

test("tasks get an address each on their networks; a service that has too few does not hold up others", async () => {
  const { manager, create, running, state } = await cluster("a", "b");
  const IPAM = { Config: [{ Subnet: "10.9.0.0/29" }] };
  await createClusterNetwork(manager, { Name: "small", Driver: "overlay", IPAM });
  await createClusterNetwork(manager, { Name: "big", Driver: "overlay" });
  const plugins = (name: string) => state.get("node-report", name);
  for (const name of ["a", "b"]) {
    const report = plugins(name);
    if (!report) continue;
    const Engine = { Plugins: [{ Type: "Network", Name: "overlay" }] };
    await manager.store.commit([
      { put: "node-report", object: { ...report, Description: { ...report.Description, Engine } } },
    ]);
  }
  const on = (network: string) => ({ TaskTemplate: { Networks: [{ Target: network }] } });
  const crowded = await create({ Name: "crowded", Mode: { Replicated: { Replicas: 9 } }, ...on("small") });
  const id = await create({ Mode: { Replicated: { Replicas: 9 } }, ...on("big") });
  await until(() => running(id).length === 9);
  const addresses = running(id).flatMap(({ Networks }) => Networks.flatMap(({ Addresses }) => Addresses));
  expect(new Set(addresses).size).toBe(9);
  await until(() => running(crowded).length === 4);
});

test("a task that no node can have says why", async () => {
  const { create, state, manager } = await cluster("a", "b");
  const Placement = { Constraints: ["node.labels.disk==ssd"] };
  const id = await create({ TaskTemplate: { Placement } });
  const [task] = await waitFor(() => [...state.tasksOfService(id)].filter(({ Status }) => Status.State === "pending"));
  expect(task?.Status.Err).toBe("no suitable node (scheduling constraints not satisfied on 2 nodes)");
  const node = state.get("node", "b");
  if (!node) throw new Error("no node b");
  const { Spec, IngressAddr } = node;
  const object = { ID: "b", Spec: { ...Spec, Labels: { disk: "ssd" } }, IngressAddr };
  await manager.store.commit([{ put: "node", object }]);
  await until(() => [...state.tasksOfService(id)].some(({ NodeID }) => NodeID === "b"));
});

async function waitFor<T>(find: () => T[]): Promise<T[]> {
  await until(() => find().length > 0);
  return find();
}

test("a planner that throws loses its own round only, and is told of with what it was for", async () => {
  const { manager, create, running, state, logged } = await cluster("a");
  const id = await create({});
  await until(() => running(id).length === 1);
  const { Version: _v, CreatedAt: _c, UpdatedAt: _u, ...whole } = state.get("service", id) as ServiceObject;
  const TaskTemplate = { ...whole.Spec.TaskTemplate, Placement: { Constraints: ["nonsense"] } };
  const Spec = { ...whole.Spec, Name: "broken", Mode: { Global: {} }, TaskTemplate };
  await manager.store.commit([{ put: "service", object: { ...whole, ID: "broken", Spec } }]);
  const other = await create({ Name: "other" });
  await until(() => running(other).length === 1);
  expect(logged.join("")).toMatch(/service broken \(broken\) at \d+, spec 1: .*nonsense.* could not be planned/);
  expect(logged.join("")).toContain("constraint expected one operator from ==, !=");
});

test("tasks that the new spec wants as they are stay; a rollback touches only what the update had got to", async () => {
  const { create, update, running, nodes, rollout } = await cluster("a", "b");
  nodes.fates.set("bad", "fails");
  const more = { Mode: { Replicated: { Replicas: 4 } }, UpdateConfig: { FailureAction: "rollback" as const } };
  const RollbackConfig = { Monitor: 10 * ms, Parallelism: 0 };
  const id = await create({ ...more, RollbackConfig });
  await until(() => running(id).length === 4);
  const before = new Set(running(id).map(({ ID }) => ID));
  await update(id, { ...more, RollbackConfig }, "bad");
  await until(() => rollout(id)?.State === "rollback_completed");
  expect(running(id).filter(({ ID }) => before.has(ID))).toHaveLength(3);
  const after = new Set(running(id).map(({ ID }) => ID));
  const Placement = { Constraints: ["node.role==worker"] };
  await update(id, { ...more, RollbackConfig, TaskTemplate: { Placement } });
  await until(() => running(id).every(({ Spec }) => Spec.Placement?.Constraints?.length === 1));
  expect(new Set(running(id).map(({ ID }) => ID))).toEqual(after);
});

test("while an update stands still, what ends of the spec before is started again as it was", async () => {
  const { create, update, running, nodes, rollout } = await cluster("a", "b", "c");
  nodes.fates.set("bad", "fails");
  const id = await create({ Mode: { Replicated: { Replicas: 4 } } });
  await until(() => running(id).length === 4);
  await update(id, { Mode: { Replicated: { Replicas: 4 } } }, "bad");
  await until(() => rollout(id)?.State === "paused" && running(id).length === 3);
  const node = running(id)[0]?.NodeID ?? "";
  await nodes.vanish(node);
  await until(() => running(id).length === 3);
  expect(imagesOf(running(id))).toEqual(["ok"]);
});

test("an update that goes on over failures comes to its end", async () => {
  const { create, update, nodes, rollout, running } = await cluster("a", "b");
  nodes.fates.set("bad", "fails");
  const UpdateConfig = { FailureAction: "continue" as const, Monitor: 5 * ms };
  const id = await create({ Mode: { Replicated: { Replicas: 3 } }, UpdateConfig });
  await until(() => running(id).length === 3);
  await update(id, { Mode: { Replicated: { Replicas: 3 } }, UpdateConfig }, "bad");
  await until(() => rollout(id)?.State === "completed");
  expect(imagesOf(running(id))).not.toContain("ok");
});

test("the delay holds after many restarts and with a window", async () => {
  const { create, nodes, state, manager } = await cluster("a");
  nodes.fates.set("bad", "fails");
  const RestartPolicy = { Delay: 20 * ms, Window: 30 * ms };
  const id = await create({ TaskTemplate: { RestartPolicy } }, "bad");
  const made = new Set<string>();
  const begin = Date.now();
  const end = manager.store.onChange(() => [...state.tasksOfService(id)].forEach(({ ID }) => made.add(ID)));
  await until(() => made.size > 12);
  end();
  expect(Date.now() - begin).toBeGreaterThan(11 * 20);
});

test("tasks leave a node that is not any more what they ask for; those of a removed node are orphans", async () => {
  const { create, running, manager, state } = await cluster("a", "b");
  const label = async (id: string, disk: string) => {
    const node = state.get("node", id);
    if (!node) throw new Error(`no node ${id}`);
    const object = { ID: id, Spec: { ...node.Spec, Labels: { disk } }, IngressAddr: "" };
    await manager.store.commit([{ put: "node", object }]);
  };
  await label("a", "ssd");
  const id = await create({ TaskTemplate: { Placement: { Constraints: ["node.labels.disk==ssd"] } } });
  await until(() => running(id).length === 1);
  await label("b", "ssd");
  await label("a", "hdd");
  await until(
    () =>
      running(id)
        .map(({ NodeID }) => NodeID)
        .join() === "b",
  );
  await manager.store.commit([
    { remove: "node", id: "b" },
    { remove: "node-report", id: "b" },
  ]);
  await label("a", "ssd");
  await until(
    () =>
      running(id)
        .map(({ NodeID }) => NodeID)
        .join() === "a",
  );
  const left = [...state.tasksOfNode("b")].map((task) => taskStatus(state, task).State);
  expect(left).toEqual(["orphaned"]);
});
