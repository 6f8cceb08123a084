import { existsSync } from "node:fs";
import { errorMessage } from "../../lib/errors.ts";
import { parseIp, sameIp } from "../../lib/ip.ts";
import { Netns } from "../../linux/namespace.ts";
import { IPPROTO, type Tracked } from "../../linux/netlink/conntrack.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import { type Balanced, balance, endBalance } from "../../linux/nft/balance.ts";
import type { NetworkDeps } from "../deps.ts";
import { forgetWhere } from "../ports/forget-flows.ts";
import { netnsPath } from "../sandbox/sandbox.ts";
import { endpointsOfContainer, endpointsOfNetwork, sandboxOf } from "../table.ts";
import type { ServiceAddress } from "./desired.ts";
import { saveServices, servicesOf } from "./table.ts";

/**
 * Says whom the addresses of services on a network stand for: in every container on it, connections to such an address
 * go to one of those that are ready, the container itself among them. A connection goes on where it went first, until
 * whoever has it is not among the backends any more: then its next packet finds another, which refuses it. UDP, which
 * has no connections, moves as soon as a backend is not ready.
 */
export function balanceServices(deps: NetworkDeps, networkId: string, services: readonly ServiceAddress[]): void {
  const before = servicesOf(deps.store, networkId);
  if (JSON.stringify(before) !== JSON.stringify(services)) saveServices(deps.store, networkId, services);
  const lost = lostBackends(before, services);
  for (const { containerId } of endpointsOfNetwork(deps.store, networkId)) {
    adjustBalance(deps, containerId, false);
    if (lost && existsSync(netnsPath(deps, containerId))) {
      using netns = new Netns(netnsPath(deps, containerId));
      forgetWhere(deps, lost, netns);
    }
  }
}

/**
 * Makes a container's rules those of the networks it is on. `fresh`: its namespace has none yet. Errors are in the log:
 * what needs no service works all the same.
 */
export function adjustBalance(deps: NetworkDeps, containerId: string, fresh: boolean): void {
  const path = netnsPath(deps, containerId);
  if (!sandboxOf(deps.store, containerId)?.privateNetns || !existsSync(path)) return;
  const wanted = wantedBalance(deps, containerId);
  const mark = Bun.hash(JSON.stringify(wanted.map(({ vip, targets }) => [vip, targets])));
  if (deps.live.balanced.get(containerId) === mark) return;
  try {
    if (wanted.length > 0 || !fresh) writeBalance(path, wanted);
    deps.live.balanced.set(containerId, mark);
  } catch (error) {
    deps.log.error("services cannot be reached from a container", { containerId, error: errorMessage(error) });
  }
}

/** Writes a container's rules even if nothing is known to have changed. */
export function repairBalance(deps: NetworkDeps, containerId: string): void {
  writeBalance(netnsPath(deps, containerId), wantedBalance(deps, containerId));
}

/** A service's address, and who may be given connections by this container, in its order. */
export interface WantedBalance {
  vip: string;
  targets: string[];
}

/** By the networks that the container is on. Each container begins with another of the backends. */
export function wantedBalance(deps: NetworkDeps, containerId: string): WantedBalance[] {
  const networks = endpointsOfContainer(deps.store, containerId).filter(({ changing }) => changing !== "leaves");
  return networks.flatMap(({ networkId }) =>
    servicesOf(deps.store, networkId).map(({ vip, backends }) => {
      const ready = backends.filter((backend) => backend.ready).map(({ address }) => address);
      return { vip, targets: beginningAnywhere(ready, containerId) };
    }),
  );
}

function beginningAnywhere(list: string[], seed: string): string[] {
  const first = list.length === 0 ? 0 : Number(Bun.hash(seed) % BigInt(list.length));
  return [...list.slice(first), ...list.slice(0, first)];
}

function writeBalance(path: string, wanted: readonly WantedBalance[]): void {
  const services = wanted.flatMap(({ vip, targets }): Balanced[] => {
    const address = parseIp(vip);
    if (!address) return [];
    const own = targets.flatMap((text) => parseIp(text) ?? []).filter(({ family }) => family === address.family);
    return [{ address, targets: own }];
  });
  using netns = new Netns(path);
  using socket = new NetlinkSocket(NETLINK.NETFILTER, netns);
  socket.batch(services.length > 0 ? balance(services) : endBalance(), `services in ${path}`);
}

/** Which connections have lost whoever they went to; null: none can have. */
function lostBackends(
  before: readonly ServiceAddress[],
  after: readonly ServiceAddress[],
): ((flow: Tracked) => boolean) | null {
  const lost = before.flatMap(({ vip, backends }) => {
    const now = new Map(
      (after.find((one) => one.vip === vip)?.backends ?? []).map(({ address, ready }) => [address, ready]),
    );
    return backends.flatMap(({ address }) => {
      const [to, by] = [parseIp(vip), parseIp(address)];
      return to && by && !now.get(address) ? [{ to, by, gone: !now.has(address) }] : [];
    });
  });
  if (lost.length === 0) return null;
  return ({ original, reply }) =>
    lost.some(
      ({ to, by, gone }) =>
        (gone || original.protocol === IPPROTO.udp) && sameIp(original.destination, to) && sameIp(reply.source, by),
    );
}
