import { expect, test } from "bun:test";
import type { TaskState } from "../../api/types/swarm.ts";
import type { Draft, Write } from "../store/store.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { Addresses } from "./addresses.ts";

const time = "2026-01-01T00:00:00.000Z";
const network: Draft<"network"> = {
  ID: "net",
  Name: "net",
  Labels: {},
  Driver: "overlay",
  Options: {},
  Internal: false,
  Attachable: false,
  Ingress: true,
  EnableIPv4: true,
  EnableIPv6: true,
  IPAM: {
    Config: [
      { Subnet: "10.9.0.0/29", Gateway: "10.9.0.1" },
      { Subnet: "fd00::/120", Gateway: "fd00::1" },
    ],
  },
  VNIs: [4097, 4098],
};

const task = (ID: string, address: string, State: TaskState): Write => ({
  put: "task",
  object: {
    ID,
    Spec: {},
    SpecVersion: 1,
    ServiceID: "s",
    ServiceName: "s",
    ServiceLabels: {},
    Slot: 1,
    NodeID: "n",
    Status: { State, Timestamp: time, Message: "" },
    DesiredState: "shutdown",
    Networks: [{ NetworkID: "net", Addresses: [address], Aliases: [] }],
    Ports: [],
  },
});

test("what services, tasks and nodes have is taken; what has ended has nothing any more", async () => {
  const store = new MemoryStore(() => time);
  const Node = { Role: "worker" as const, Availability: "active" as const, Labels: {} };
  const Endpoint = { Spec: {}, Ports: [], VirtualIPs: [{ NetworkID: "net", Addr: "10.9.0.2/29" }] };
  await store.commit([
    { put: "network", object: network },
    {
      put: "service",
      object: { ID: "s", Spec: { Name: "s", Labels: {}, TaskTemplate: {} }, SpecVersion: 1, Endpoint },
    },
    { put: "node", object: { ID: "n", Spec: Node, IngressAddr: "10.9.0.3/29" } },
    task("runs", "10.9.0.4/29", "running"),
    task("ended", "10.9.0.5/29", "failed"),
  ]);
  const object = store.state.get("network", "net");
  if (!object) throw new Error("no network");
  const addresses = new Addresses(store.state);
  expect(addresses.take(object)).toEqual(["10.9.0.5/29", "fd00::2/120"]);
  expect(addresses.take(object)).toEqual(["10.9.0.6/29", "fd00::3/120"]);
  expect(() => addresses.take(object)).toThrow("network net has no free address left");
});
