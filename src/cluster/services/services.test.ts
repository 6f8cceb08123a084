import { expect, test } from "bun:test";
import { Filters } from "../../api/filters.ts";
import type { ServiceSpec } from "../../api/types/swarm.ts";
import type { ManagerDeps } from "../deps.ts";
import { createClusterNetwork } from "../networks/create.ts";
import { removeClusterNetwork } from "../networks/remove.ts";
import { createSecret } from "../secrets/create.ts";
import { removeSecret } from "../secrets/remove.ts";
import { memoryManager } from "../testing/manager.ts";
import { createService } from "./create.ts";
import { removeService } from "./remove.ts";
import { updateService } from "./update.ts";
import { inspectService, listServices } from "./view.ts";

const web = (more: ServiceSpec = {}): ServiceSpec => ({
  Name: "web",
  TaskTemplate: { ContainerSpec: { Image: "busybox" } },
  ...more,
});
const update = { auth: "", authFrom: "spec", rollback: false } as const;
const create = (manager: ManagerDeps, spec: ServiceSpec) => createService(manager, spec, "").then(({ ID }) => ID ?? "");
const see = (manager: ManagerDeps, ref: string) => inspectService(manager.store.state, ref, false);
const versionOf = (manager: ManagerDeps, ref: string) => see(manager, ref).Version?.Index ?? 0;

async function withNetworks() {
  const manager = memoryManager();
  const ingress = await createClusterNetwork(manager, { Name: "ingress", Ingress: true, Driver: "overlay" });
  const { Id } = await createClusterNetwork(manager, { Name: "ov1", Driver: "overlay" });
  return { manager, ingress: ingress.Id, ov1: Id };
}

test("networks get subnets and identifiers of their own; what overlaps is refused", async () => {
  const { manager, ov1 } = await withNetworks();
  const { state } = manager.store;
  expect([...state.all("network")].map(({ Name, IPAM, VNIs }) => [Name, IPAM.Config, VNIs])).toEqual([
    ["ingress", [{ Subnet: "10.0.0.0/24", Gateway: "10.0.0.1" }], [4096]],
    ["ov1", [{ Subnet: "10.0.1.0/24", Gateway: "10.0.1.1" }], [4097]],
  ]);
  await removeClusterNetwork(manager, "ov1");
  expect(state.get("network", ov1)).toBeUndefined();
  // The subnet is used again, the identifier never.
  const { Id } = await createClusterNetwork(manager, { Name: "ov2", Driver: "overlay" });
  expect(state.get("network", Id)).toMatchObject({ IPAM: { Config: [{ Subnet: "10.0.1.0/24" }] }, VNIs: [4098] });
  const taken = { Name: "x", Driver: "overlay", IPAM: { Config: [{ Subnet: "10.0.1.128/25" }] } };
  expect(createClusterNetwork(manager, taken)).rejects.toThrow("Pool overlaps with other one");
  expect(createClusterNetwork(manager, { Name: "ov2" })).rejects.toThrow("network with name ov2 already exists");
  const encrypted = { Name: "e", Driver: "overlay", Options: { encrypted: "" } };
  expect(createClusterNetwork(manager, encrypted)).rejects.toThrow("encrypted overlay networks are not supported");
  expect(createClusterNetwork(manager, { Name: "in", Ingress: true })).rejects.toThrow("is already present");
});

test("a service has addresses and ports from its creation on, and keeps them", async () => {
  const { manager, ingress, ov1 } = await withNetworks();
  const spec = web({
    TaskTemplate: { ContainerSpec: { Image: "busybox" }, Networks: [{ Target: "ov1" }] },
    EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }, { TargetPort: 81 }] },
  });
  const id = await create(manager, spec);
  const VirtualIPs = [
    { NetworkID: ingress, Addr: "10.0.0.2/24" },
    { NetworkID: ov1, Addr: "10.0.1.2/24" },
  ];
  expect(see(manager, "web")).toMatchObject({
    ID: id,
    Spec: { Mode: { Replicated: { Replicas: 1 } }, TaskTemplate: { Networks: [{ Target: ov1 }] } },
    Endpoint: { Ports: [{ PublishedPort: 8080 }, { TargetPort: 81, PublishedPort: 30000 }], VirtualIPs },
  });
  await updateService(manager, id, web({ ...spec, Labels: { a: "b" } }), { ...update, seen: versionOf(manager, id) });
  expect(see(manager, id).Endpoint).toMatchObject({ Ports: [{}, { PublishedPort: 30000 }], VirtualIPs });
  expect(create(manager, { ...spec, Name: "other" })).rejects.toThrow(
    `port '8080' is already in use by service 'web' (${id}) as an ingress port`,
  );
  expect(removeClusterNetwork(manager, "ov1")).rejects.toThrow(`network ${ov1} is in use by service ${id}`);
  expect(create(manager, web({ Name: "n", Networks: [{ Target: "nope" }] }))).rejects.toThrow("network nope not found");
  expect(create(manager, web({ Name: "n", Networks: [{ Target: "ingress" }] }))).rejects.toThrow(
    'Service cannot be explicitly attached to the ingress network "ingress"',
  );
  await removeService(manager, "web");
  await removeClusterNetwork(manager, "ov1");
});

test("an update keeps the spec before, a rollback goes back to it; tasks follow where their spec changes", async () => {
  const manager = memoryManager();
  const id = await create(manager, web());
  const version = () => manager.store.state.get("service", id)?.SpecVersion;
  const seen = () => versionOf(manager, id);
  expect(see(manager, id).PreviousSpec).toBeUndefined();
  expect(updateService(manager, id, web(), { ...update, seen: seen(), rollback: true })).rejects.toThrow(
    `service ${id} does not have a previous spec`,
  );
  await updateService(manager, id, web({ Mode: { Replicated: { Replicas: 3 } } }), { ...update, seen: seen() });
  expect(version()).toBe(1);
  const other = web({ TaskTemplate: { ContainerSpec: { Image: "busybox:2" } } });
  await updateService(manager, id, other, { ...update, seen: seen() });
  expect([version(), see(manager, id).PreviousSpec?.Mode]).toEqual([2, { Replicated: { Replicas: 3 } }]);
  await updateService(manager, id, other, { ...update, seen: seen(), rollback: true });
  expect(see(manager, id)).toMatchObject({
    Spec: { TaskTemplate: { ContainerSpec: { Image: "busybox" } }, Mode: { Replicated: { Replicas: 3 } } },
    UpdateStatus: { State: "rollback_started", Message: "manually requested rollback" },
  });
  const stale = seen() - 1;
  expect(updateService(manager, id, web(), { ...update, seen: stale })).rejects.toThrow("update out of sequence");
  expect(updateService(manager, id, web({ Mode: { Global: {} } }), { ...update, seen: seen() })).rejects.toThrow(
    "service mode change is not allowed",
  );
  expect(updateService(manager, id, web({ Name: "x" }), { ...update, seen: seen() })).rejects.toThrow(
    "renaming services is not supported",
  );
});

test("credentials are kept apart, and those of the spec before", async () => {
  const manager = memoryManager();
  const { ID = "" } = await createService(manager, web(), "one");
  const kept = () => manager.store.state.get("credentials", ID);
  expect(kept()).toMatchObject({ Auth: "one", PreviousAuth: "" });
  await updateService(manager, ID, web(), { ...update, auth: "two", seen: versionOf(manager, ID) });
  expect(kept()).toMatchObject({ Auth: "two", PreviousAuth: "one" });
  await updateService(manager, ID, web(), { ...update, rollback: true, seen: versionOf(manager, ID) });
  expect(kept()).toMatchObject({ Auth: "one", PreviousAuth: "two" });
  expect(JSON.stringify(see(manager, ID))).not.toContain("one");
  await removeService(manager, ID);
  expect(kept()).toBeUndefined();
});

test("a secret that a service uses stays", async () => {
  const manager = memoryManager();
  const { ID } = await createSecret(manager, "secret", { Name: "s1", Data: "eA==" });
  const ContainerSpec = { Image: "busybox", Secrets: [{ SecretID: ID, SecretName: "s1", File: { Name: "s1" } }] };
  await create(manager, web({ TaskTemplate: { ContainerSpec } }));
  expect(removeSecret(manager, "secret", "s1")).rejects.toThrow("secret 's1' is in use by the following service: web");
  const absent = [{ SecretID: "x", SecretName: "nope", File: { Name: "a" } }];
  const wrong = web({ Name: "b", TaskTemplate: { ContainerSpec: { Image: "busybox", Secrets: absent } } });
  expect(create(manager, wrong)).rejects.toThrow("secret not found: nope");
  await removeService(manager, "web");
  await removeSecret(manager, "secret", "s1");
});

test("lists count tasks and filter", async () => {
  const manager = memoryManager();
  await create(manager, web({ Mode: { Replicated: { Replicas: 2 } } }));
  await create(manager, web({ Name: "job", Mode: { ReplicatedJob: {} } }));
  const list = (filters: Filters) =>
    listServices(manager.store.state, filters, { status: true }).map(({ Spec, ServiceStatus }) => [
      Spec?.Name,
      ServiceStatus?.DesiredTasks,
    ]);
  expect(list(new Filters())).toEqual([
    ["web", 2],
    ["job", 1],
  ]);
  expect(list(new Filters([["mode", ["replicated-job"]]]))).toEqual([["job", 1]]);
  expect(() => list(new Filters([["x", ["y"]]]))).toThrow("invalid filter 'x'");
});
