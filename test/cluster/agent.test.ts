/** A task becomes a container, is told of as Docker tells of it, outlives the daemon, and leaves nothing. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { TaskSpec, TaskState } from "../../src/api/types/swarm.ts";
import { Agent, type AssignedTask, type Assignments } from "../../src/cluster/agent/agent.ts";
import { nodeTasks } from "../../src/cluster/agent/table.ts";
import type { Told } from "../../src/cluster/agent/task-run.ts";
import { newClusterId, type SecretObject, type TaskObject } from "../../src/cluster/model/objects.ts";
import { containerLogs } from "../../src/container/logs/logs.ts";
import { allContainers } from "../../src/container/table.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { Semaphore } from "../../src/lib/lock.ts";
import { collect, Rig } from "../container/rig.ts";
import { until } from "../harness.ts";

let rig: Rig;
beforeAll(async () => void (rig = await Rig.start()));
afterAll(() => rig[Symbol.asyncDispose]());

const stored = { Version: { Index: 1 }, CreatedAt: "", UpdatedAt: "" };

function task(spec: NonNullable<TaskSpec["ContainerSpec"]>, more: Partial<TaskObject> = {}): TaskObject {
  const ID = newClusterId();
  return {
    ...stored,
    ID,
    Spec: { ContainerSpec: { Image: "busybox", StopGracePeriod: 2e8, ...spec } },
    SpecVersion: 1,
    ServiceID: "s1",
    ServiceName: "web",
    ServiceLabels: {},
    Slot: 2,
    NodeID: "n1",
    Status: { State: "assigned", Timestamp: "", Message: "" },
    DesiredState: "running",
    Networks: [],
    Ports: [],
    ...more,
  };
}

class Machine {
  readonly told: [string, Told["Status"]][] = [];
  readonly assigned = new Map<string, AssignedTask>();
  readonly secrets = new Map<string, SecretObject>();
  agent = this.open();

  open(): Agent {
    const remote = {
      images: rig.images,
      config: () => ({
        registries: {},
        insecureRegistries: [],
        hubMirrors: [],
        certsDirs: [],
        proxies: {},
      }),
      downloads: new Semaphore(3),
      uploads: new Semaphore(3),
      attempts: 1,
      userAgent: "test",
    };
    const node = { ID: "n1", Hostname: "host1", Platform: { OS: "linux", Architecture: "x86_64" } };
    const deps = { containers: rig.deps, networks: rig.networks, remote, node, defaultLogDriver: () => undefined };
    return new Agent({ ...deps, dataPathAddr: () => "" }, (id, { Status }) => this.told.push([id, Status]));
  }

  give(object: TaskObject, state: TaskState = "assigned"): TaskObject {
    this.assigned.set(object.ID, { task: object, state });
    this.assign();
    return object;
  }

  want(object: TaskObject, DesiredState: TaskState): void {
    this.assigned.set(object.ID, { task: { ...object, DesiredState }, state: "assigned" });
    this.assign();
  }

  take(object: TaskObject): void {
    this.assigned.delete(object.ID);
    this.assign();
  }

  assign(): void {
    const all: Assignments = {
      tasks: this.assigned,
      secrets: this.secrets,
      configs: new Map(),
      networks: new Map(),
      overlays: new Map(),
    };
    this.agent.assign(all);
  }

  states = ({ ID }: TaskObject) => this.told.filter(([id]) => id === ID).map(([, { State }]) => State);
  last = ({ ID }: TaskObject) => this.told.findLast(([id]) => id === ID)?.[1];
  reach = (object: TaskObject, state: TaskState) =>
    until(`${state} (${JSON.stringify(this.last(object))})`, () => this.last(object)?.State === state, 20_000);
  gone = () => until("nothing is left", () => nodeTasks(rig.deps.store).length === 0);
}

test("from its assignment to its end", async () => {
  const machine = new Machine();
  machine.secrets.set("x1", { ...stored, ID: "x1", Spec: { Name: "s", Labels: {}, Data: btoa("hush") } });
  const script =
    "stat -c '%u:%g %a' /run/secrets/a /run/secrets/b; cat /run/secrets/a; hostname; echo $V; exec sleep 99";
  const one = machine.give(
    task({
      Command: ["sh", "-c", script],
      Env: ["V={{.Task.Name}}"],
      Hostname: "h-{{.Task.Slot}}",
      Labels: { mine: "1" },
      Secrets: [
        { SecretID: "x1", SecretName: "s", File: { Name: "a", UID: "5", GID: "6", Mode: 0o400 } },
        { SecretID: "x1", SecretName: "s", File: { Name: "b", UID: "0", GID: "0", Mode: 0o444 } },
      ],
    }),
  );
  await machine.reach(one, "running");
  expect(machine.states(one)).toEqual(["accepted", "preparing", "ready", "starting", "running"]);
  const name = `web.2.${one.ID}`;
  const seen = await inspectContainer(rig.deps, name);
  expect(machine.last(one)?.ContainerStatus).toMatchObject({ ContainerID: seen.Id, PID: seen.State?.Pid });
  expect(seen.Config?.Labels).toEqual({
    mine: "1",
    "com.docker.swarm.node.id": "n1",
    "com.docker.swarm.service.id": "s1",
    "com.docker.swarm.service.name": "web",
    "com.docker.swarm.task": "",
    "com.docker.swarm.task.id": one.ID,
    "com.docker.swarm.task.name": name,
  });
  expect(seen.HostConfig).toMatchObject({ NetworkMode: "bridge", RestartPolicy: { Name: "no" } });
  expect(seen.Mounts).toEqual([]);
  const written = async () =>
    (await collect(await containerLogs(rig.deps, name, { stdout: true, stderr: true }))).stdout;
  await until("output", async () => (await written()).includes("web.2"));
  expect(await written()).toBe(`5:6 400\n0:0 444\nhushh-2\n${name}\n`);

  machine.want(one, "shutdown");
  await machine.reach(one, "shutdown");
  expect(machine.last(one)?.ContainerStatus?.ExitCode).toBe(137);
  machine.take(one);
  await machine.gone();
  expect(allContainers(rig.deps.store)).toEqual([]);
  expect(
    existsSync(join(rig.root, "exec", "cluster")) ? readdirSync(join(rig.root, "exec", "cluster", "tasks")) : [],
  ).toEqual([]);
  machine.agent.close();
});

test("ends, failures, and what cannot be", async () => {
  const machine = new Machine();
  const done = machine.give(task({ Command: ["true"] }));
  const failing = machine.give(task({ Command: ["sh", "-c", "exit 3"] }, { ServiceName: "f" }));
  const missing = machine.give(task({ Command: ["nosuchcmd"] }));
  const imageless = machine.give(task({ Image: "127.0.0.1:1/nope:v1" }));
  const bind = machine.give(task({ Mounts: [{ Type: "bind", Source: "/nonexistent/x", Target: "/x" }] }));
  const sick = machine.give(
    task({ Command: ["sleep", "99"], Healthcheck: { Test: ["CMD", "false"], Interval: 1e8, Retries: 1 } }),
  );
  const well = machine.give(
    task(
      { Command: ["sleep", "99"], Healthcheck: { Test: ["CMD", "true"], Interval: 3e8 } },
      { DesiredState: "ready" },
    ),
  );
  await machine.reach(done, "complete");
  await machine.reach(failing, "failed");
  expect(machine.last(failing)).toMatchObject({ Err: "task: non-zero exit (3)", ContainerStatus: { ExitCode: 3 } });
  await machine.reach(missing, "failed");
  expect(machine.last(missing)?.Err).toContain("starting container failed: ");
  expect(machine.last(missing)?.ContainerStatus?.ExitCode).toBe(127);
  await machine.reach(imageless, "rejected");
  expect(machine.last(imageless)?.Err).toStartWith("No such image: 127.0.0.1:1/nope:v1: ");
  await machine.reach(bind, "rejected");
  expect(machine.last(bind)?.Err).toBe(
    'invalid mount config for type "bind": bind source path does not exist: /nonexistent/x',
  );
  await machine.reach(sick, "failed");
  expect(machine.states(sick)).not.toContain("running");
  expect(machine.last(sick)?.Err).toBe("task: non-zero exit (137): dockerexec: unhealthy container");
  await machine.reach(well, "ready");
  machine.want(well, "running");
  await machine.reach(well, "running");
  machine.assigned.clear();
  machine.assign();
  await machine.gone();
  expect(allContainers(rig.deps.store)).toEqual([]);
  machine.agent.close();
});

test("a new daemon takes tasks up, and takes away what is not wanted any more", async () => {
  const machine = new Machine();
  const stays = machine.give(task({ Command: ["sleep", "99"] }));
  const ends = machine.give(task({ Command: ["sleep", "99"] }));
  const leaves = machine.give(task({ Command: ["sleep", "99"] }));
  for (const each of [stays, ends, leaves]) await machine.reach(each, "running");
  const pidOf = async ({ ID }: TaskObject) => (await inspectContainer(rig.deps, `web.2.${ID}`)).State?.Pid ?? 0;
  const Pid = await pidOf(stays);
  const other = await pidOf(ends);
  machine.agent.close();
  machine.told.length = 0;
  await rig.crashAndRestart(async () => void process.kill(other, "SIGKILL"));
  machine.agent = machine.open();
  await machine.reach(stays, "running");
  await machine.reach(ends, "failed");
  expect(machine.states(stays)).toEqual(["running"]);
  expect(await pidOf(stays)).toBe(Pid);
  machine.take(leaves);
  await until("it is gone", () => allContainers(rig.deps.store).length === 2);
  machine.assigned.clear();
  machine.assign();
  await machine.gone();
  machine.agent.close();
});
