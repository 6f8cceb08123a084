import { expect, test } from "bun:test";
import { publishChanges } from "./events.ts";
import { memoryManager } from "./testing/manager.ts";

const service = (Replicas: number) => ({
  ID: "s",
  SpecVersion: 1,
  Spec: { Name: "web", Labels: {}, TaskTemplate: {}, Mode: { Replicated: { Replicas } } },
});

test("what is told of services: once a commit, with what has changed", async () => {
  const manager = memoryManager();
  const end = publishChanges(manager);
  const heard: unknown[] = [];
  using told = manager.events.subscribe();
  const UpdateStatus = { State: "updating" as const, StartedAt: "", Message: "" };
  await manager.store.commit([{ put: "service", object: service(2) }]);
  await manager.store.commit([{ put: "service", object: service(3) }]);
  await manager.store.commit([{ put: "rollout", object: { ID: "s", SpecVersion: 1, UpdateStatus } }]);
  await manager.store.commit([{ put: "rollout", object: { ID: "s", SpecVersion: 1, UpdateStatus } }]);
  await manager.store.commit([
    { remove: "service", id: "s" },
    { remove: "rollout", id: "s" },
  ]);
  end();
  await manager.store.commit([{ put: "service", object: service(2) }]);
  for await (const { Type, Action, Actor, scope } of told) {
    heard.push([Type, Action, Actor.Attributes]);
    expect(scope).toBe("swarm");
    if (Action === "remove") break;
  }
  expect(heard).toEqual([
    ["service", "create", { name: "web" }],
    ["service", "update", { name: "web", "replicas.new": "3", "replicas.old": "2" }],
    ["service", "update", { name: "web", "updatestate.new": "updating" }],
    ["service", "remove", { name: "web" }],
  ]);
});

test("a node's reports are told of where its state is another", async () => {
  const manager = memoryManager();
  const spec = { Role: "worker" as const, Availability: "active" as const, Labels: {} };
  await manager.store.commit([{ put: "node", object: { ID: "n", Spec: spec, IngressAddr: "" } }]);
  const end = publishChanges(manager);
  using told = manager.events.subscribe();
  const report = (State: "ready" | "down") => ({
    ID: "n",
    Description: { Hostname: "host1" },
    Status: { State },
    DataPathAddr: "",
    ManagerAddr: "",
  });
  for (const state of ["ready", "ready", "down"] as const)
    await manager.store.commit([{ put: "node-report", object: report(state) }]);
  const heard: unknown[] = [];
  for await (const { Actor } of told) {
    heard.push(Actor.Attributes);
    if (heard.length === 2) break;
  }
  end();
  expect(heard).toEqual([
    { name: "host1", "state.new": "ready", "state.old": "unknown" },
    { name: "host1", "state.new": "down", "state.old": "ready" },
  ]);
});
