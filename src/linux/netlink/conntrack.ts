import { type Ip, type IpFamily, ipBytes, ipFromBytes } from "../../lib/ip.ts";
import { type Attribute, be16, decodeAttributes, type Message, type ReceivedMessage, u8 } from "./message.ts";

/** Messages about tracked connections (linux/netfilter/nfnetlink_conntrack.h). Pure. */

const SUBSYSTEM = 1 << 8;
const IPCTNL = { NEW: SUBSYSTEM, GET: SUBSYSTEM | 1, DELETE: SUBSYSTEM | 2 } as const;
const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2 } as const;
const CTA_TUPLE = { IP: 1, PROTO: 2 } as const;
const CTA_PROTO = { NUM: 1, SRC_PORT: 2, DST_PORT: 3 } as const;
const AF_INET = 2;
const AF_INET6 = 10;
const NFGENMSG = 4;

/** The protocols' numbers in IP headers. */
export const IPPROTO = { tcp: 6, udp: 17 } as const;

/** One direction of a connection. */
export interface Tuple {
  protocol: number;
  source: Ip;
  destination: Ip;
  sourcePort: number;
  destinationPort: number;
}

/**
 * A connection that the kernel keeps track of: as its first packet came, and as answers to it come (translated
 * addresses differ).
 */
export interface Tracked {
  original: Tuple;
  reply: Tuple;
}

const nfgenmsg = (family: IpFamily): Uint8Array => Uint8Array.of(family === 4 ? AF_INET : AF_INET6, 0, 0, 0);

function encodeTuple({ protocol, source, destination, sourcePort, destinationPort }: Tuple): readonly Attribute[] {
  const [src, dst] = source.family === 4 ? [1, 2] : [3, 4];
  return [
    [
      CTA_TUPLE.IP,
      [
        [src, ipBytes(source)],
        [dst, ipBytes(destination)],
      ],
    ],
    [
      CTA_TUPLE.PROTO,
      [
        [CTA_PROTO.NUM, u8(protocol)],
        [CTA_PROTO.SRC_PORT, be16(sourcePort)],
        [CTA_PROTO.DST_PORT, be16(destinationPort)],
      ],
    ],
  ];
}

/** Asks for the connection whose answers look like `reply`. */
export function findByReply(reply: Tuple): Message {
  return {
    type: IPCTNL.GET,
    flags: 0,
    body: nfgenmsg(reply.source.family),
    attributes: [[CTA.TUPLE_REPLY, encodeTuple(reply)]],
  };
}

/** Asks for all tracked connections of a family; {@link parseTracked} reads the answers. */
export function listTracked(family: IpFamily): Message {
  return { type: IPCTNL.GET, flags: 0, body: nfgenmsg(family), attributes: [] };
}

/** Makes the kernel forget a connection: its next packet passes the rules like a first one. */
export function forget({ original }: Tracked): Message {
  return {
    type: IPCTNL.DELETE,
    flags: 0,
    body: nfgenmsg(original.source.family),
    attributes: [[CTA.TUPLE_ORIG, encodeTuple(original)]],
  };
}

/** null for protocols without ports. */
export function parseTracked({ payload }: ReceivedMessage): Tracked | null {
  const attributes = decodeAttributes(payload, NFGENMSG);
  const original = decodeTuple(attributes.get(CTA.TUPLE_ORIG));
  const reply = decodeTuple(attributes.get(CTA.TUPLE_REPLY));
  return original && reply ? { original, reply } : null;
}

function decodeTuple(bytes: Uint8Array | undefined): Tuple | null {
  if (!bytes) return null;
  const parts = decodeAttributes(bytes);
  const ip = decodeAttributes(parts.get(CTA_TUPLE.IP) ?? new Uint8Array());
  const proto = decodeAttributes(parts.get(CTA_TUPLE.PROTO) ?? new Uint8Array());
  const [source, destination] = [ip.get(1) ?? ip.get(3), ip.get(2) ?? ip.get(4)];
  const [sourcePort, destinationPort] = [proto.get(CTA_PROTO.SRC_PORT), proto.get(CTA_PROTO.DST_PORT)];
  if (!source || !destination || !sourcePort || !destinationPort) return null;
  return {
    protocol: proto.get(CTA_PROTO.NUM)?.[0] ?? 0,
    source: ipFromBytes(source),
    destination: ipFromBytes(destination),
    sourcePort: port(sourcePort),
    destinationPort: port(destinationPort),
  };
}

const port = (bytes: Uint8Array): number => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
