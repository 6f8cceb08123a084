import { forbidden, internal } from "../../lib/errors.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { changeLink, deleteLink, type Link, newDummy, newVlan, setAlias } from "../../linux/netlink/link.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { NetworkRecord } from "../record.ts";
import { allNetworks } from "../table.ts";
import { alias } from "./alias.ts";
import type { DriverDeps } from "./driver.ts";
import { needingKind } from "./kernel-lacks.ts";

/** The interface of the host that macvlan and ipvlan networks sit on. */

/** The name in the option `parent`; without it, that of a dummy interface made for this network. */
function parentName(network: NetworkRecord): string {
  return network.Options["parent"] || `dm-${network.Id.slice(0, 12)}`;
}

/** Whether packets cannot leave: the network is internal, or has no parent. */
export const leadsNowhere = (network: NetworkRecord): boolean => network.Internal || !network.Options["parent"];

/** Finds it, or makes it: a VLAN of another (`eth0.10`), or a dummy. */
export function ensureParent(deps: DriverDeps, network: NetworkRecord): Link {
  const name = parentName(network);
  const { route } = deps.live;
  const link = findLink(route, name) ?? make(deps, network, name);
  if (!link.up) route.request([changeLink(link.index, { up: true })], `set ${name} up`);
  return link;
}

function make(deps: DriverDeps, network: NetworkRecord, name: string): Link {
  const dummy = name === `dm-${network.Id.slice(0, 12)}`;
  const message = dummy ? newDummy({ name }) : vlan(deps, name);
  needingKind(dummy ? "dummy" : "vlan", dummy ? "" : `failed to create ${name} vlan link: `, () => {
    deps.live.route.request([message, setAlias(name, alias(deps, network))], `create ${name}`);
  });
  const link = findLink(deps.live.route, name);
  if (!link) throw new SystemError("netlink", 19, name);
  return link;
}

function vlan(deps: DriverDeps, name: string): ReturnType<typeof newVlan> {
  const [base = "", number = ""] = name.split(/\.(?=\d+$)/);
  if (number === "") throw internal(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  const id = Number(number);
  if (id < 1 || id > 4094) throw internal(`vlan id must be between 1-4094, received: ${number}`);
  const parent = findLink(deps.live.route, base);
  if (!parent) throw internal(`-o parent interface was not found on the host: ${base}`);
  return newVlan({ name, parent: parent.index, vlan: id });
}

/** Takes away what {@link ensureParent} made, unless another network uses it too: the last of them removes it. */
export function releaseParent(deps: DriverDeps, network: NetworkRecord): void {
  const link = findLink(deps.live.route, parentName(network));
  if (!link || link.alias !== alias(deps, network)) return;
  const heir = sharing(deps, network)[0];
  deps.live.route.request(
    [heir ? setAlias(link.name, alias(deps, heir)) : deleteLink({ index: link.index })],
    `release ${link.name}`,
  );
}

/** Other networks on the same parent. */
export function sharing(deps: DriverDeps, network: NetworkRecord): NetworkRecord[] {
  return allNetworks(deps.store).filter(
    (other) => other.Id !== network.Id && other.Driver === network.Driver && parentName(other) === parentName(network),
  );
}

/** Throws `internal` when the network's option `parent` is the interface `lo`, with Docker's text. */
export function refuseLoopback(network: NetworkRecord): void {
  if (network.Options["parent"] !== "lo") return;
  throw internal(`loopback interface is not a valid ${network.Driver} parent link`);
}

/**
 * Throws `forbidden`, with Docker's text, unless `others` is empty: the networks on the same parent that this one may
 * not share it with.
 */
export function refuseShared(network: NetworkRecord, others: readonly NetworkRecord[]): void {
  const [other] = others;
  if (other) throw forbidden(`network ${other.Name} is already using parent interface ${parentName(network)}`);
}
