/**
 * The planners upon a cluster that is not there: how long it takes to make tasks and give them to nodes, how long a
 * round takes when nothing is to be done, and what it costs in memory. Usage: bin/bun bench/schedule.ts [nodes] [tasks]
 */
import type { TaskSpec } from "../src/api/types/swarm.ts";
import type { ServiceObject } from "../src/cluster/model/objects.ts";
import { plan } from "../src/cluster/orchestrate/plan.ts";
import { Workspace } from "../src/cluster/orchestrate/workspace.ts";
import { mostWrites, type Write } from "../src/cluster/store/store.ts";
import { MemoryStore } from "../src/cluster/testing/memory-store.ts";

const nodes = Number(process.argv[2] ?? 1000);
const tasks = Number(process.argv[3] ?? 100_000);
const services = Math.max(1, Math.round(tasks / 1000));
const racks = 10;
const now = Date.parse("2026-01-01T00:00:00Z");
const store = new MemoryStore(() => new Date(now).toISOString());
const { state } = store;

async function write(writes: readonly Write[]): Promise<void> {
  for (let from = 0; from < writes.length; from += mostWrites)
    await store.commit(writes.slice(from, from + mostWrites));
}

function node(i: number): Write[] {
  const ID = `node${String(i).padStart(5, "0")}`;
  const Resources = { NanoCPUs: 64e9, MemoryBytes: 256e9 };
  const Description = { Hostname: ID, Platform: { Architecture: "x86_64", OS: "linux" }, Resources };
  const Labels = { rack: String(i % racks), disk: i % 2 ? "ssd" : "hdd" };
  return [
    { put: "node", object: { ID, Spec: { Role: "worker", Availability: "active", Labels }, IngressAddr: "" } },
    {
      put: "node-report",
      object: { ID, Description, Status: { State: "ready", Addr: "" }, DataPathAddr: "", ManagerAddr: "" },
    },
  ];
}

/** A third are plain, a third reserve, a third are bound to some nodes and spread over racks. */
function service(i: number): Write[] {
  const ID = `service${i}`;
  const TaskTemplate: TaskSpec = {
    ContainerSpec: { Image: "busybox" },
    ...(i % 3 === 1 && { Resources: { Reservations: { NanoCPUs: 1e8, MemoryBytes: 1e8 } } }),
    ...(i % 3 === 2 && {
      Placement: {
        Constraints: ["node.labels.disk==ssd"],
        Preferences: [{ Spread: { SpreadDescriptor: "node.labels.rack" } }],
      },
    }),
  };
  const Mode = { Replicated: { Replicas: Math.round(tasks / services) } };
  const Spec: ServiceObject["Spec"] = { Name: ID, Labels: {}, TaskTemplate, Mode };
  return [{ put: "service", object: { ID, Spec, SpecVersion: 1 } }];
}

async function round(name: string): Promise<void> {
  const begin = performance.now();
  const work = new Workspace(state, now);
  const failures = plan(work);
  const writes = work.writes();
  const took = performance.now() - begin;
  for (const { of, error } of failures) console.error(of, error);
  await write(writes);
  const rss = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(`| ${name} | ${Math.round(took)} | ${writes.length} | ${rss} |`);
}

for (let i = 0; i < nodes; i++) await write(node(i));
for (let i = 0; i < services; i++) await write(service(i));
console.log(
  `${nodes} nodes, ${tasks} tasks of ${services} services\n\n| round | ms | writes | MiB in all |\n|---|--:|--:|--:|`,
);
await round("all tasks made and placed");
await round("nothing to be done");
for (const task of [...state.all("task")].slice(0, 100)) {
  const { NodeID, ...rest } = task;
  await write([{ put: "task", object: { ...rest, NodeID: "", Status: { ...task.Status, State: "new" } } }]);
}
await round("100 tasks to be placed");
const lost = state.get("node-report", "node00000");
if (lost) await write([{ put: "node-report", object: { ...lost, Status: { ...lost.Status, State: "down" } } }]);
await round("a node is lost");
const perNode = [...state.all("node")].map(({ ID }) => [...state.tasksOfNode(ID)].length);
console.log(`\nTasks on a node: ${Math.min(...perNode)} to ${Math.max(...perNode)}`);
