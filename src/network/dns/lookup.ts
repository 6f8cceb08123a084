import { formatIp, parseCidr, type Ip } from "../../lib/ip.ts";
import type { NetworkContext } from "../context.ts";
import type { Attached } from "../interface.ts";
import { isUserDefined } from "../options.ts";
import { attachedOf } from "../publish.ts";
import type { EndpointRecord } from "../record.ts";
import { endpointByAddress, endpointsByName, sandboxOf } from "../table.ts";
import { recordType, reverseAddress, type Answer, type Query } from "./message.ts";

/**
 * What the container's networks know of a name. null: nothing, someone else may. An empty list: the name is there
 * and has no record of this type.
 */
export function lookUp(ctx: NetworkContext, containerId: string, query: Query): Answer[] | null {
  const networks = attachedOf(ctx, containerId).filter(({ network }) => isUserDefined(network));
  if (query.class !== 1) return null;
  if (query.type === recordType.PTR) return reverse(ctx, networks, query.name);
  const endpoints = byName(ctx, networks, query.name.toLowerCase());
  if (endpoints.length === 0) return null;
  const family = query.type === recordType.A ? 4 : query.type === recordType.AAAA ? 6 : null;
  const ips = family === null ? [] : endpoints.flatMap((endpoint) => address(endpoint, family) ?? []);
  return shuffled(ips).map((ip) => ({ type: "address", ip }));
}

function address(endpoint: EndpointRecord, family: 4 | 6): Ip | null {
  return parseCidr(family === 4 ? endpoint.ipv4 : endpoint.ipv6)?.ip ?? null;
}

/** The container's own links first, then the name in each network in turn, then `name.network`. */
function byName(ctx: NetworkContext, networks: readonly Attached[], name: string): EndpointRecord[] {
  for (const { network, endpoint } of networks) {
    const linked = (endpoint.settings.Links ?? []).flatMap((link) => {
      const [target = "", alias = target] = link.split(":");
      return alias.toLowerCase() === name ? endpointsByName(ctx.store, network.Id, target.replace(/^\//, "")) : [];
    });
    if (linked.length > 0) return linked;
  }
  for (const { network } of networks) {
    const found = endpointsByName(ctx.store, network.Id, name);
    if (found.length > 0) return found;
  }
  for (const { network } of networks) {
    const suffix = `.${network.Name.toLowerCase()}`;
    const found = name.endsWith(suffix) ? endpointsByName(ctx.store, network.Id, name.slice(0, -suffix.length)) : [];
    if (found.length > 0) return found;
  }
  return [];
}

function reverse(ctx: NetworkContext, networks: readonly Attached[], name: string): Answer[] | null {
  const ip = reverseAddress(name);
  if (!ip) return null;
  for (const { network } of networks) {
    const endpoint = endpointByAddress(ctx.store, network.Id, formatIp(ip));
    const owner = endpoint && sandboxOf(ctx.store, endpoint.containerId);
    if (owner) return [{ type: "name", name: `${owner.name}.${network.Name}` }];
  }
  return null;
}

/** Askers take the first: each of several containers under one name gets its share. */
function shuffled<T>(list: readonly T[]): T[] {
  const result = [...list];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    const [a, b] = [result[at], result[other]];
    if (a !== undefined && b !== undefined) [result[at], result[other]] = [b, a];
  }
  return result;
}
