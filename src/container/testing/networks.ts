import { notFound, notImplemented } from "../../lib/errors.ts";
import { KeyedLock } from "../../lib/lock.ts";
import type { Networks } from "../../network/for-containers.ts";
import type { NetworkRecord } from "../../network/record.ts";
import type { Sandbox } from "../../network/sandbox/request.ts";
import type { Calls } from "./calls.ts";
import type { World } from "./world.ts";

/** The one network there is. */
const bridge: NetworkRecord = {
  Name: "bridge",
  Id: "b".repeat(64),
  Created: "2026-01-01T00:00:00Z",
  Scope: "local",
  Driver: "bridge",
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: "default", Options: null, Config: [] },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: "" },
  ConfigOnly: false,
  Options: {},
  Labels: {},
};

/** Networks whose sandboxes are notes in a {@link World}. */
export function fakeNetworks(world: World, calls: Calls): Networks {
  const refuse = (): never => {
    throw notImplemented("no part of a container's life");
  };
  const locks = new KeyedLock();
  const find = (ref: string) => (ref === bridge.Name || ref === bridge.Id ? bridge : null);
  return {
    find,
    resolve(ref) {
      const network = find(ref);
      if (!network) throw notFound(`network ${ref} not found`);
      return network;
    },
    gives: () => "interface",
    validateEndpoint: () => {},
    async setUp({ containerId: id, name, onNamespace }) {
      using _ = await calls.make("networks.setUp", async () => {
        const lock = await locks.acquire(id);
        world.sandboxes.set(id, name);
        return lock;
      });
      try {
        await onNamespace?.(world.netnsPath(id));
        return await calls.make("networks.furnish", () => sandboxOf(world, id));
      } catch (error) {
        world.sandboxes.delete(id);
        throw error;
      }
    },
    tearDown: (id) =>
      calls.make("networks.tearDown", async () => {
        using _ = await locks.acquire(id);
        world.sandboxes.delete(id);
      }),
    describe: (id) => (world.sandboxes.has(id) ? sandboxOf(world, id) : null),
    connect: refuse,
    disconnect: refuse,
    republish: refuse,
    rename: (id, name) =>
      calls.makeNow("networks.rename", () => {
        if (world.sandboxes.has(id)) world.sandboxes.set(id, name);
      }),
    bridgeAddress: () => "",
    links: () => null,
    reconcile: (liveIds) =>
      calls.make("networks.reconcile", () => {
        for (const id of world.sandboxes.keys()) if (!liveIds.has(id)) world.sandboxes.delete(id);
        return new Map();
      }),
  };
}

function sandboxOf(world: World, id: string): Sandbox {
  return {
    netnsPath: world.netnsPath(id),
    settings: {
      SandboxID: id,
      SandboxKey: world.netnsPath(id),
      Ports: {},
      Networks: { bridge: { NetworkID: bridge.Id, IPAddress: "172.17.0.2", IPPrefixLen: 16 } },
    },
    resolvConf: "nameserver 192.0.2.1\n",
    hosts: "127.0.0.1\tlocalhost\n",
    hostsEntries: [],
  };
}
