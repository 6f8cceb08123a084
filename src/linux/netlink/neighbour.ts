import { type Ip, ipBytes, ipFromBytes } from "../../lib/ip.ts";
import { decodeAttributes, type Message, NLM_F, type ReceivedMessage } from "./message.ts";

/** Messages about neighbours: who has an address, and by what a link reaches a MAC (linux/neighbour.h). Pure. */

const RTM = { NEWNEIGH: 28, DELNEIGH: 29, GETNEIGH: 30 } as const;
const NDA = { DST: 1, LLADDR: 2 } as const;
const NDMSG = 12;
const NUD_PERMANENT = 0x80;
/** The device's own table of MAC addresses, not that of the bridge it is a port of. */
const NTF_SELF = 2;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_BRIDGE = 7;

/** Either `ip` has this MAC address on the link, or (`forwarding`) the link reaches it by the tunnel's end `ip`. */
export interface Neighbour {
  /** Of the link. */
  index: number;
  mac: Uint8Array;
  ip: Ip;
  forwarding: boolean;
}

function ndmsg(family: number, index: number, flags = 0): Uint8Array {
  const body = new Uint8Array(NDMSG);
  const view = new DataView(body.buffer);
  view.setUint8(0, family);
  view.setInt32(4, index, true);
  view.setUint16(8, NUD_PERMANENT, true);
  view.setUint8(10, flags);
  return body;
}

function message(type: number, flags: number, { index, mac, ip, forwarding }: Neighbour): Message {
  const family = ip.family === 4 ? AF_INET : AF_INET6;
  return {
    type,
    flags,
    body: forwarding ? ndmsg(AF_BRIDGE, index, NTF_SELF) : ndmsg(family, index),
    attributes: [
      [NDA.DST, ipBytes(ip)],
      [NDA.LLADDR, mac],
    ],
  };
}

/** Makes a permanent entry, or changes the one there is. */
export const putNeighbour = (neighbour: Neighbour): Message =>
  message(RTM.NEWNEIGH, NLM_F.CREATE | NLM_F.REPLACE, neighbour);

/** Takes an entry away. */
export const deleteNeighbour = (neighbour: Neighbour): Message => message(RTM.DELNEIGH, 0, neighbour);

/** Asks for the entries of one kind, of all links; {@link parseNeighbour} reads the answers. */
export const listNeighbours = (kind: 4 | 6 | "forwarding"): Message => ({
  type: RTM.GETNEIGH,
  flags: 0,
  body: new Uint8Array(NDMSG).fill(kind === "forwarding" ? AF_BRIDGE : kind === 4 ? AF_INET : AF_INET6, 0, 1),
  attributes: [],
});

/** Null for an entry that is not permanent, or lacks an address. */
export function parseNeighbour({ payload }: ReceivedMessage): Neighbour | null {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const attributes = decodeAttributes(payload, NDMSG);
  const [address, mac] = [attributes.get(NDA.DST), attributes.get(NDA.LLADDR)];
  if (!address || !mac || (view.getUint16(8, true) & NUD_PERMANENT) === 0) return null;
  return {
    index: view.getInt32(4, true),
    mac: Uint8Array.from(mac),
    ip: ipFromBytes(address),
    forwarding: view.getUint8(0) === AF_BRIDGE,
  };
}
