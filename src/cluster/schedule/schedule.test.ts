import { expect, test } from "bun:test";
import type { TaskSpec } from "../../api/types/swarm.ts";
import type { NodeReport, TaskObject } from "../model/objects.ts";
import { Workspace } from "../orchestrate/workspace.ts";
import type { Draft, Write } from "../store/store.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { schedule } from "./schedule.ts";

const time = "2026-01-01T00:00:00.000Z";

interface Node {
  labels?: Record<string, string>;
  cpus?: number;
  gpus?: string[];
  state?: "ready" | "down";
  availability?: "active" | "pause" | "drain";
  arch?: string;
  plugins?: string[];
}

function node(ID: string, { labels = {}, cpus = 4, gpus = [], state = "ready", ...more }: Node): Write[] {
  const Description: NodeReport["Description"] = {
    Hostname: `host-${ID}`,
    Platform: { Architecture: more.arch ?? "x86_64", OS: "linux" },
    Resources: {
      NanoCPUs: cpus * 1e9,
      MemoryBytes: 1e9,
      GenericResources: gpus.map((Value) => ({ NamedResourceSpec: { Kind: "gpu", Value } })),
    },
    Engine: { Plugins: (more.plugins ?? []).map((Name) => ({ Type: "Volume", Name })), Labels: { kind: `e-${ID}` } },
  };
  const Spec = { Role: "worker" as const, Availability: more.availability ?? "active", Labels: labels };
  const Status = { State: state, Addr: `10.0.0.${ID.charCodeAt(0)}` };
  return [
    { put: "node", object: { ID, Spec, IngressAddr: "" } },
    { put: "node-report", object: { ID, Description, Status, DataPathAddr: "", ManagerAddr: "" } },
  ];
}

const task = (ID: string, Spec: TaskSpec, more: Partial<Draft<"task">> = {}): Write => ({
  put: "task",
  object: {
    ID,
    Spec,
    SpecVersion: 1,
    ServiceID: "s",
    ServiceName: "s",
    ServiceLabels: {},
    Slot: 1,
    NodeID: "",
    Status: { State: "new", Timestamp: time, Message: "created" },
    DesiredState: "running",
    Networks: [],
    Ports: [],
    ...more,
  },
});

/** Where tasks get to: `t1=a`, or why not. */
async function placed(nodes: Record<string, Node>, tasks: Write[]): Promise<string[]> {
  const store = new MemoryStore(() => time);
  for (const [id, each] of Object.entries(nodes)) await store.commit(node(id, each));
  await store.commit(tasks);
  const work = new Workspace(store.state, Date.parse(time));
  schedule(work);
  const told = ({ ID, NodeID, Status }: TaskObject) => `${ID}=${Status.Err ?? NodeID}`;
  return [...work.all("task")].sort((a, b) => (a.ID < b.ID ? -1 : 1)).map(told);
}

const many = (count: number, spec: TaskSpec, more?: Partial<Draft<"task">>): Write[] =>
  Array.from({ length: count }, (_, i) => task(`t${i + 1}`, spec, { Slot: i + 1, ...more }));
const none = "no suitable node";
const placement = (Placement: TaskSpec["Placement"]): TaskSpec => ({ ...(Placement && { Placement }) });

test("where fewest of the service's run, then where fewest of all, then by id", async () => {
  const other = {
    ServiceID: "other",
    NodeID: "a",
    Status: { State: "running" as const, Timestamp: time, Message: "" },
  };
  const tasks = [task("x", {}, other), ...many(4, {})];
  expect(await placed({ a: {}, b: {}, c: {} }, tasks)).toEqual(["t1=b", "t2=c", "t3=a", "t4=b", "x=a"]);
});

test("a task that is to end takes room, but does not count for the spreading", async () => {
  const ending = { ServiceID: "s", NodeID: "a", DesiredState: "shutdown" as const };
  const running = { Status: { State: "running" as const, Timestamp: time, Message: "" } };
  const spec: TaskSpec = { Resources: { Reservations: { NanoCPUs: 3e9 } } };
  expect(await placed({ a: {}, b: {} }, [task("x", {}, { ...ending, ...running }), ...many(1, {})])).toEqual([
    "t1=a",
    "x=a",
  ]);
  expect(await placed({ a: {}, b: {} }, [task("x", spec, { ...ending, ...running }), ...many(1, spec)])).toEqual([
    "t1=b",
    "x=a",
  ]);
});

test("why no node will do", async () => {
  const nodes = { a: {}, b: {}, c: { availability: "drain" as const } };
  const cases: [TaskSpec, Partial<Draft<"task">>, string][] = [
    [placement({ Constraints: ["node.labels.x==1"] }), {}, "scheduling constraints not satisfied on 2 nodes"],
    [placement({ Constraints: ["node.id==a", "node.hostname != host-a"] }), {}, "scheduling constraints not satisfied"],
    [{ Resources: { Reservations: { NanoCPUs: 5e9 } } }, {}, "insufficient resources on 2 nodes"],
    [{ Resources: { Reservations: { MemoryBytes: 2e9 } } }, {}, "insufficient resources on 2 nodes"],
    [{ LogDriver: { Name: "nope" } }, {}, "missing plugin on 2 nodes"],
    [placement({ Platforms: [{ Architecture: "arm64", OS: "linux" }] }), {}, "unsupported platform on 2 nodes"],
  ];
  for (const [spec, more, why] of cases) {
    const [told] = await placed(nodes, many(1, spec, more));
    expect(told).toStartWith(`t1=${none} (${why}`);
    expect(told).toEndWith("; 1 node not available for new tasks)");
  }
  expect(await placed({ a: { state: "down" } }, many(1, {}))).toEqual([
    `t1=${none} (1 node not available for new tasks)`,
  ]);
  expect(await placed({}, many(1, {}))).toEqual([`t1=${none}`]);
});

test("so many a node, host ports once a node, resources until they are used up", async () => {
  const nodes = { a: {}, b: {} };
  expect(await placed(nodes, many(3, placement({ MaxReplicas: 1 })))).toEqual([
    "t1=a",
    "t2=b",
    `t3=${none} (max replicas per node limit exceed)`,
  ]);
  const Ports = [{ Protocol: "tcp" as const, PublishMode: "host" as const, PublishedPort: 80, TargetPort: 80 }];
  expect(await placed(nodes, many(3, {}, { Ports }))).toEqual([
    "t1=a",
    "t2=b",
    `t3=${none} (host-mode port already in use on 2 nodes)`,
  ]);
  const spec: TaskSpec = { Resources: { Reservations: { NanoCPUs: 2e9 } } };
  expect(await placed({ a: {}, b: { cpus: 2 } }, many(4, spec))).toEqual([
    "t1=a",
    "t2=b",
    "t3=a",
    `t4=${none} (insufficient resources on 2 nodes)`,
  ]);
});

test("generic resources are given by name, each once", async () => {
  const Reservations = { GenericResources: [{ DiscreteResourceSpec: { Kind: "gpu", Value: 2 } }] };
  const told = await placed(
    { a: { gpus: ["0", "1", "2"] }, b: { gpus: ["7", "8"] } },
    many(3, { Resources: { Reservations } }),
  );
  expect(told).toEqual(["t1=a", "t2=b", `t3=${none} (insufficient resources on 2 nodes)`]);
});

test("constraints: ids, names, roles, platforms, addresses, labels of both kinds", async () => {
  const nodes = { a: { labels: { disk: "ssd" } }, b: { arch: "aarch64" }, c: { plugins: ["vol"] } };
  const cases: [string, string][] = [
    ["node.id==b", "b"],
    ["node.hostname!=host-a", "b"],
    ["node.role==worker", "a"],
    ["node.role!=worker", ""],
    ["node.platform.arch==arm64", "b"],
    ["node.platform.os!=linux", ""],
    ["node.ip==10.0.0.99", "c"],
    ["node.ip==10.0.0.98/31", "b"],
    ["node.labels.disk==SSD", "a"],
    ["node.labels.disk!=ssd", "b"],
    ["engine.labels.kind==e-c", "c"],
  ];
  for (const [constraint, where] of cases) {
    const [told] = await placed(nodes, many(1, placement({ Constraints: [constraint] })));
    expect([constraint, told]).toEqual([constraint, where ? `t1=${where}` : expect.stringContaining(none)]);
  }
  const Mounts = [{ Type: "volume" as const, Target: "/x", VolumeOptions: { DriverConfig: { Name: "vol" } } }];
  expect(await placed(nodes, many(1, { ContainerSpec: { Mounts } }))).toEqual(["t1=c"]);
});

test("preferences: evenly over racks, within them over rooms, whatever the number of nodes", async () => {
  const spread = (name: string) => ({ Spread: { SpreadDescriptor: `node.labels.${name}` } });
  const nodes = {
    a: { labels: { rack: "1", room: "1" } },
    b: { labels: { rack: "1", room: "1" } },
    c: { labels: { rack: "1", room: "2" } },
    d: { labels: { rack: "2", room: "1" } },
  };
  const told = await placed(nodes, many(8, placement({ Preferences: [spread("rack"), spread("room")] })));
  const on = (id: string) => told.filter((each) => each.endsWith(`=${id}`)).length;
  expect(["a", "b", "c", "d"].map(on)).toEqual([1, 1, 2, 4]);
});

test("a node on which many tasks of the same spec have failed lately comes last", async () => {
  const failed = (Timestamp: string): Partial<Draft<"task">> => ({
    NodeID: "a",
    DesiredState: "shutdown",
    Status: { State: "failed", Timestamp, Message: "started" },
  });
  const history = (Timestamp: string) => many(5, {}, failed(Timestamp)).map((write, i) => rename(write, `x${i}`));
  const nodes = { a: {}, b: {} };
  const lately = await placed(nodes, [...history(time), ...many(2, {})]);
  expect(lately.slice(0, 2)).toEqual(["t1=b", "t2=b"]);
  const longAgo = await placed(nodes, [...history("2025-12-31T23:00:00Z"), ...many(2, {})]);
  expect(longAgo.slice(0, 2)).toEqual(["t1=a", "t2=b"]);
});

function rename(write: Write, ID: string): Write {
  if (!("put" in write) || write.put !== "task") throw new Error("no task");
  return { ...write, object: { ...write.object, ID } };
}

test("a task that is for one node waits for that", async () => {
  const nodes = { a: {}, b: { availability: "pause" as const } };
  const told = await placed(nodes, [
    task("t1", {}, { NodeID: "b", Slot: -1 }),
    task("t2", {}, { NodeID: "a", Slot: -1 }),
  ]);
  expect(told[1]).toBe("t2=a");
  expect(told[0]).toBe(`t1=${none} (1 node not available for new tasks)`);
});
