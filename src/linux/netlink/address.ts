import { ipBytes, ipFromBytes, type Cidr } from "../../lib/ip.ts";
import { decodeAttributes, NLM_F, u32, type Message, type ReceivedMessage } from "./message.ts";

/** Messages about addresses of interfaces (rtnetlink(7), linux/if_addr.h). Pure. */

const RTM = { NEWADDR: 20, DELADDR: 21, GETADDR: 22 } as const;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
const IFADDRMSG = 8;
/** No duplicate address detection: an address given by us is usable at once. */
const IFA_F_NODAD = 2;
const AF_INET = 2;
const AF_INET6 = 10;

export interface InterfaceAddress {
  index: number;
  cidr: Cidr;
}

function ifaddrmsg(family: number, prefix: number, index: number): Uint8Array {
  const body = new Uint8Array(IFADDRMSG);
  const view = new DataView(body.buffer);
  view.setUint8(0, family);
  view.setUint8(1, prefix);
  view.setUint32(4, index, true);
  return body;
}

function message(type: number, flags: number, index: number, { ip, prefix }: Cidr): Message {
  const bytes = ipBytes(ip);
  return {
    type,
    flags,
    body: ifaddrmsg(ip.family === 4 ? AF_INET : AF_INET6, prefix, index),
    attributes: [[IFA.LOCAL, bytes], [IFA.ADDRESS, bytes], ...(ip.family === 6 ? [[IFA.FLAGS, u32(IFA_F_NODAD)] as const] : broadcast({ ip, prefix }))],
  };
}

function broadcast({ ip, prefix }: Cidr): [number, Uint8Array][] {
  if (prefix > 30) return [];
  const hostMask = (1n << BigInt(32 - prefix)) - 1n;
  return [[IFA.BROADCAST, ipBytes({ family: 4, value: ip.value | hostMask })]];
}

export function addAddress(index: number, cidr: Cidr): Message {
  return message(RTM.NEWADDR, NLM_F.CREATE | NLM_F.REPLACE, index, cidr);
}

export function deleteAddress(index: number, cidr: Cidr): Message {
  return message(RTM.DELADDR, 0, index, cidr);
}

export function listAddresses(): Message {
  return { type: RTM.GETADDR, flags: 0, body: ifaddrmsg(0, 0, 0), attributes: [] };
}

export function parseAddress({ payload }: ReceivedMessage): InterfaceAddress | null {
  const attributes = decodeAttributes(payload, IFADDRMSG);
  const bytes = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (!bytes) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return { index: view.getUint32(4, true), cidr: { ip: ipFromBytes(bytes), prefix: view.getUint8(1) } };
}
