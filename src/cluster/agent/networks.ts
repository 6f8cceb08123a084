import { errorMessage } from "../../lib/errors.ts";
import { parseIp } from "../../lib/ip.ts";
import { KeyedLock } from "../../lib/lock.ts";
import { createNetwork } from "../../network/create.ts";
import type { SharedName } from "../../network/dns/resolver.ts";
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
    networks.resolver.shareNames(id, namesOf(overlay));
    const peers = overlay.members.filter((member) => member.node !== node.ID);
    try {
      applyTunnel(networks, record, { networkId: id, vni, local: dataPathAddr(), port: overlay.port, peers });
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

/** Whom each name means: alone, or together with others. */
function namesOf({ members }: Overlay): Map<string, SharedName[]> {
  const names = new Map<string, SharedName[]>();
  for (const member of members) {
    const named = sharedName(member);
    for (const name of new Set([member.name, ...(member.healthy ? member.shared : [])])) {
      const key = name.toLowerCase();
      names.set(key, [...(names.get(key) ?? []), named]);
    }
  }
  return names;
}

function sharedName({ addresses, name }: OverlayMember): SharedName {
  const ips = addresses.flatMap((text) => parseIp(text) ?? []);
  const ofFamily = (wanted: number) => ips.find(({ family }) => family === wanted) ?? null;
  return { ipv4: ofFamily(4), ipv6: ofFamily(6), owner: name };
}
