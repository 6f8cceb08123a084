import { errorMessage } from "../../lib/errors.ts";
import { parseIp } from "../../lib/ip.ts";
import { KeyedLock } from "../../lib/lock.ts";
import { createNetwork } from "../../network/create.ts";
import type { SharedName } from "../../network/dns/resolver.ts";
import { balanceServices } from "../../network/overlay/balance.ts";
import type { Ingress, ServiceAddress } from "../../network/overlay/desired.ts";
import { applyIngress } from "../../network/overlay/ingress.ts";
import { applyTunnel } from "../../network/overlay/tunnel.ts";
import { unusedClusterNetworks } from "../../network/overlay/unused.ts";
import { removeNetwork } from "../../network/remove.ts";
import { findNetwork } from "../../network/resolve.ts";
import type { Overlay, OverlayMember } from "../dispatch/overlays.ts";
import type { NetworkObject } from "../model/objects.ts";
import type { AgentDeps } from "./deps.ts";

interface Told {
  networks: ReadonlyMap<string, NetworkObject>;
  overlays: ReadonlyMap<string, Overlay>;
}

/**
 * The cluster's networks on this machine: each is here as long as a task of the machine is on it, with tunnels to the
 * machines that the others are on, and with the names of all.
 */
export class TaskNetworks {
  #told: Told = { networks: new Map(), overlays: new Map() };
  readonly #locks = new KeyedLock();

  constructor(private readonly deps: AgentDeps) {}

  /** What managers say now. */
  tell(told: Told): void {
    this.#told = { networks: new Map(told.networks), overlays: new Map(told.overlays) };
    for (const id of told.networks.keys()) this.#apply(id);
    void this.#tellIngress([...told.networks.values()].find(({ Ingress }) => Ingress));
  }

  /** The ingress network is here even if no task of this machine is on it. */
  async #tellIngress(network: NetworkObject | undefined): Promise<void> {
    const { networks, node } = this.deps;
    try {
      if (network && !findNetwork(networks, network.ID)) await this.make([network]);
      const overlay = network && this.#told.overlays.get(network.ID);
      await applyIngress(networks, overlay ? ingressOf(overlay, node.ID) : null);
      if (!network) await this.removeUnused();
    } catch (error) {
      networks.log.error("ports of services are not as they are to be", { error: errorMessage(error) });
    }
  }

  /** Makes those that are not here yet. Throws what stands against one. */
  async make(networks: readonly NetworkObject[]): Promise<void> {
    using _lock = await this.#locks.acquire("networks");
    for (const network of networks) {
      if (!findNetwork(this.deps.networks, network.ID)) await createHere(this.deps, network);
      this.#apply(network.ID);
    }
  }

  /** Removes those that no task of this machine is on, nor is to be. */
  async removeUnused(): Promise<void> {
    using _lock = await this.#locks.acquire("networks");
    const { networks } = this.deps;
    for (const { Id, Name } of unusedClusterNetworks(networks)) {
      if (this.#told.networks.has(Id)) continue;
      try {
        networks.resolver.shareNames(Id, null);
        await removeNetwork(networks, Id);
      } catch (error) {
        networks.log.warn("a network of the cluster stays", { network: Name, error: errorMessage(error) });
      }
    }
  }

  #apply(id: string): void {
    const { networks, dataPathAddr, node } = this.deps;
    const network = this.#told.networks.get(id);
    const record = findNetwork(networks, id);
    const overlay = this.#told.overlays.get(id);
    const [vni] = network?.VNIs ?? [];
    if (!record || !overlay || vni === undefined) return;
    // Names have no meaning on the ingress network, whose tasks have nothing to do with each other.
    if (!record.Ingress) networks.resolver.shareNames(id, namesOf(overlay));
    const peers = [...overlay.members, ...overlay.machines].filter((other) => other.node !== node.ID);
    const own = addressesOf(overlay, node.ID);
    try {
      applyTunnel(networks, record, { networkId: id, vni, local: dataPathAddr(), port: overlay.port, peers, own });
      if (!record.Ingress) balanceServices(networks, id, servicesOf(overlay));
    } catch (error) {
      networks.log.error("a tunnel is not as it is to be", { network: record.Name, error: errorMessage(error) });
    }
  }
}

async function createHere({ networks }: AgentDeps, network: NetworkObject): Promise<void> {
  const { Name, Driver, Internal, Attachable, Ingress, EnableIPv4, EnableIPv6, IPAM, Options, Labels } = network;
  const request = { Name, Driver, Internal, Attachable, EnableIPv4, EnableIPv6, Options, Labels };
  await createNetwork(networks, request, {
    id: network.ID,
    created: network.CreatedAt,
    subnets: IPAM.Config ?? [],
    scope: "swarm",
    ingress: Ingress,
  });
}

const addressesOf = ({ machines }: Overlay, nodeId: string): string[] =>
  machines.find(({ node }) => node === nodeId)?.addresses ?? [];

/**
 * Whom each name means: alone, or together with others; a service with an address of its own is meant by that. A
 * name of a service's tasks is theirs even then.
 */
function namesOf({ members, services }: Overlay): Map<string, SharedName[]> {
  const names = new Map<string, SharedName[]>();
  const add = (name: string, named: SharedName) => {
    const key = name.toLowerCase();
    names.set(key, [...(names.get(key) ?? []), named]);
  };
  const byId = new Map(services.map((service) => [service.id, service]));
  for (const member of members) {
    const own = byId.get(member.service);
    const shared = own ? [`tasks.${own.name}`] : member.shared;
    for (const name of new Set([member.name, ...(member.healthy ? shared : [])])) add(name, sharedName(member));
  }
  for (const service of services) {
    const of = members.filter((member) => member.service === service.id).flatMap((member) => member.shared);
    for (const name of new Set([service.name, ...of]))
      if (name !== `tasks.${service.name}`) add(name, sharedName(service));
  }
  return names;
}

/** Whom the services' addresses stand for. */
function servicesOf({ members, services }: Overlay): ServiceAddress[] {
  return services.flatMap((service) =>
    service.addresses.map((vip) => ({
      vip,
      backends: members.flatMap(({ service: id, addresses, healthy: ready }) => {
        const address = id === service.id && addresses.find((one) => one.includes(":") === vip.includes(":"));
        return address ? [{ address, ready }] : [];
      }),
    })),
  );
}

/** Where the services' ports lead, seen from one node. */
function ingressOf(overlay: Overlay, nodeId: string): Ingress {
  const ports = overlay.services.flatMap((service) => {
    const members = overlay.members.filter((member) => member.service === service.id);
    return service.ports.map(({ protocol, published, target }) => ({
      protocol,
      port: published,
      backends: members.flatMap(({ addresses, healthy: ready, node }) =>
        addresses.map((address) => ({ address, port: target, ready, local: node === nodeId })),
      ),
    }));
  });
  return { own: addressesOf(overlay, nodeId), ports };
}

function sharedName({ addresses, name }: Pick<OverlayMember, "addresses" | "name">): SharedName {
  const ips = addresses.flatMap((text) => parseIp(text) ?? []);
  const ofFamily = (wanted: number) => ips.find(({ family }) => family === wanted) ?? null;
  return { ipv4: ofFamily(4), ipv6: ofFamily(6), owner: name };
}
