import { forbidden, invalid } from "../../lib/errors.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { changeLink, deleteLink, newDummy, newVlan, setAlias, type Link } from "../../linux/netlink/link.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { NetworkContext } from "../context.ts";
import type { NetworkRecord } from "../record.ts";
import { allNetworks } from "../table.ts";
import { alias } from "./alias.ts";

/** The interface of the host that macvlan and ipvlan networks sit on. */

/** As the option names it; without one, an interface of the network's own that leads nowhere. */
export function parentName(network: NetworkRecord): string {
  const asked = network.Options["parent"] ?? "";
  return asked !== "" && !network.Internal ? asked : `dm-${network.Id.slice(0, 12)}`;
}

/** Finds it, or makes it: a VLAN of another (`eth0.10`), or a dummy. */
export function ensureParent(ctx: NetworkContext, network: NetworkRecord): Link {
  const name = parentName(network);
  const { route } = ctx.live;
  const link = findLink(route, name) ?? make(ctx, network, name);
  if (!link.up) route.request([changeLink(link.index, { up: true })], `set ${name} up`);
  return link;
}

function make(ctx: NetworkContext, network: NetworkRecord, name: string): Link {
  const message = name === `dm-${network.Id.slice(0, 12)}` ? newDummy({ name }) : vlan(ctx, name);
  ctx.live.route.request([message, setAlias(name, alias(ctx, network))], `create ${name}`);
  const link = findLink(ctx.live.route, name);
  if (!link) throw new SystemError("netlink", 19, name);
  return link;
}

function vlan(ctx: NetworkContext, name: string): ReturnType<typeof newVlan> {
  const [base = "", number = ""] = name.split(/\.(?=\d+$)/);
  if (number === "") throw invalid(`the requested parent interface ${name} was not found on the Docker host`);
  const id = Number(number);
  if (id < 1 || id > 4094) throw invalid(`vlan id must be between 1-4094, received: ${number}`);
  const parent = findLink(ctx.live.route, base);
  if (!parent) throw invalid(`failed to find master interface ${base} on the Docker host`);
  return newVlan({ name, parent: parent.index, vlan: id });
}

/** Takes away what {@link ensureParent} made, unless another network sits on it: then it is that one's. */
export function releaseParent(ctx: NetworkContext, network: NetworkRecord): void {
  const link = findLink(ctx.live.route, parentName(network));
  if (!link || link.alias !== alias(ctx, network)) return;
  const heir = sharing(ctx, network)[0];
  ctx.live.route.request([heir ? setAlias(link.name, alias(ctx, heir)) : deleteLink({ index: link.index })], `release ${link.name}`);
}

/** Other networks on the same parent. */
export function sharing(ctx: NetworkContext, network: NetworkRecord): NetworkRecord[] {
  return allNetworks(ctx.store).filter((other) => other.Id !== network.Id && other.Driver === network.Driver && parentName(other) === parentName(network));
}

export function refuseLoopback(network: NetworkRecord): void {
  if (network.Options["parent"] === "lo") throw invalid(`loopback interface is not a valid ${network.Driver} parent link`);
}

export function refuseShared(network: NetworkRecord, others: readonly NetworkRecord[]): void {
  const [other] = others;
  if (other) throw forbidden(`network ${other.Name} is already using parent interface ${parentName(network)}`);
}
