import type { Ip } from "../../lib/ip.ts";
import type { NetworkDeps } from "../deps.ts";
import { isUserDefined } from "../endpoint/endpoint.ts";
import { attachedOf } from "../ports/publish.ts";
import type { Attached } from "../sandbox/interface.ts";
import { type Answer, type Query, recordType, reverseAddress } from "./message.ts";
import type { Named, NetworkResolver } from "./resolver.ts";

/**
 * What the container's networks know of a name. null: nothing, so other servers are asked. An empty list: the name
 * exists but has no record of this type.
 */
export function lookUp(deps: NetworkDeps, containerId: string, query: Query): Answer[] | null {
  return lookUpOn(deps.resolver, attachedOf(deps, containerId).filter(isUserDefined), query);
}

/** As {@link lookUp}, for networks with a name service. */
export function lookUpOn(
  resolver: NetworkResolver,
  networks: readonly Pick<Attached, "network" | "endpoint">[],
  query: Query,
): Answer[] | null {
  if (query.type === recordType.PTR) return reverse(resolver, networks, query.name);
  const found = byName(resolver, networks, query.name.toLowerCase());
  if (found.length === 0) return null;
  return shuffled(found.flatMap((one) => addressFor(query, one) ?? [])).map((ip) => ({ type: "address", ip }));
}

function addressFor({ type }: Query, { ipv4, ipv6 }: Named): Ip | null {
  return type === recordType.A ? ipv4 : type === recordType.AAAA ? ipv6 : null;
}

type Networks = Parameters<typeof lookUpOn>[1];

/** The container's own links first, then the name in each network in turn, then `name.network`. */
function byName(resolver: NetworkResolver, networks: Networks, name: string): readonly Named[] {
  for (const { network, endpoint } of networks) {
    const linked = (endpoint.settings.Links ?? []).flatMap((link) => {
      const [target = "", alias = target] = link.split(":");
      return alias.toLowerCase() === name ? resolver.byName(network, target.replace(/^\//, "")) : [];
    });
    if (linked.length > 0) return linked;
  }
  for (const { network } of networks) {
    const found = resolver.byName(network, name);
    if (found.length > 0) return found;
  }
  for (const { network } of networks) {
    const suffix = `.${network.Name.toLowerCase()}`;
    const found = name.endsWith(suffix) ? resolver.byName(network, name.slice(0, -suffix.length)) : [];
    if (found.length > 0) return found;
  }
  return [];
}

function reverse(resolver: NetworkResolver, networks: Networks, name: string): Answer[] | null {
  const ip = reverseAddress(name);
  if (!ip) return null;
  for (const { network } of networks) {
    const owner = resolver.nameOf(network, ip);
    if (owner !== null) return [{ type: "name", name: `${owner}.${network.Name}` }];
  }
  return null;
}

/** In random order: clients use the first, so containers that share a name share the load. */
function shuffled<T>(list: readonly T[]): T[] {
  const result = [...list];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    const [a, b] = [result[at], result[other]];
    if (a !== undefined && b !== undefined) [result[at], result[other]] = [b, a];
  }
  return result;
}
