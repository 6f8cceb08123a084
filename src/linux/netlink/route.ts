import { type Cidr, type Ip, ipBytes, ipFromBytes } from "../../lib/ip.ts";
import { decodeAttributes, type Message, NLM_F, numberOf, type ReceivedMessage, u32 } from "./message.ts";

/** Messages about routes (rtnetlink(7)). Pure. */

const RTM = { NEWROUTE: 24, DELROUTE: 25, GETROUTE: 26 } as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, TABLE: 15 } as const;
const RTMSG = 12;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RTPROT_BOOT = 3;
const RT_SCOPE = { UNIVERSE: 0, LINK: 253, NOWHERE: 255 } as const;
const RTN_UNICAST = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** A route, as the kernel describes it in RTM_NEWROUTE (rtnetlink(7)). */
export interface Route {
  /** null: everything (the default route). */
  destination: Cidr | null;
  gateway: Ip | null;
  /** Index of the interface; 0 where the route has several or none. */
  link: number;
  family: 4 | 6;
}

function rtmsg(family: 4 | 6, prefix: number, scope: number): Uint8Array {
  return Uint8Array.of(
    family === 4 ? AF_INET : AF_INET6,
    prefix,
    0,
    0,
    RT_TABLE_MAIN,
    RTPROT_BOOT,
    scope,
    RTN_UNICAST,
    0,
    0,
    0,
    0,
  );
}

function message(type: number, flags: number, { destination, gateway, link, family }: Route): Message {
  const scope = type === RTM.DELROUTE ? RT_SCOPE.NOWHERE : gateway ? RT_SCOPE.UNIVERSE : RT_SCOPE.LINK;
  return {
    type,
    flags,
    body: rtmsg(family, destination?.prefix ?? 0, scope),
    attributes: [
      ...(destination ? [[RTA.DST, ipBytes(destination.ip)] as const] : []),
      ...(gateway ? [[RTA.GATEWAY, ipBytes(gateway)] as const] : []),
      ...(link ? [[RTA.OIF, u32(link)] as const] : []),
    ],
  };
}

/** Adds a route, in the place of one to the same destination. */
export function addRoute(route: Route): Message {
  return message(RTM.NEWROUTE, NLM_F.CREATE | NLM_F.REPLACE, route);
}

/** Deletes a route; where there is none, ESRCH. */
export function deleteRoute(route: Route): Message {
  return message(RTM.DELROUTE, 0, route);
}

/** Asks for all routes of a family; {@link parseRoute} reads the answers. */
export function listRoutes(family: 4 | 6): Message {
  return { type: RTM.GETROUTE, flags: 0, body: rtmsg(family, 0, 0), attributes: [] };
}

/**
 * null for what is no unicast route of a routing table that carries traffic (local and broadcast entries, the cache).
 */
export function parseRoute({ payload }: ReceivedMessage): Route | null {
  const [family, prefix = 0, , , table, , , type] = payload;
  const attributes = decodeAttributes(payload, RTMSG);
  if (type !== RTN_UNICAST || (numberOf(attributes.get(RTA.TABLE)) || table) === RT_TABLE_LOCAL) return null;
  const destination = attributes.get(RTA.DST);
  const gateway = attributes.get(RTA.GATEWAY);
  return {
    destination: destination ? { ip: ipFromBytes(destination), prefix } : null,
    gateway: gateway ? ipFromBytes(gateway) : null,
    link: numberOf(attributes.get(RTA.OIF)),
    family: family === AF_INET ? 4 : 6,
  };
}
