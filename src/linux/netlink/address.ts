import { type Cidr, ipBytes, ipFromBytes } from "../../lib/ip.ts";
import { decodeAttributes, type Message, NLM_F, type ReceivedMessage, u32 } from "./message.ts";

/** Messages about addresses of interfaces (rtnetlink(7), linux/if_addr.h). Pure. */

const RTM = { NEWADDR: 20, DELADDR: 21, GETADDR: 22 } as const;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
const IFADDRMSG = 8;
/** No duplicate address detection: an address given by us is usable at once. */
const IFA_F_NODAD = 2;
const AF_INET = 2;
const AF_INET6 = 10;

/** An address of the interface with that index. */
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
    attributes: [
      [IFA.LOCAL, bytes],
      [IFA.ADDRESS, bytes],
      ...(ip.family === 6 ? [[IFA.FLAGS, u32(IFA_F_NODAD)] as const] : broadcast({ ip, prefix })),
    ],
  };
}

function broadcast({ ip, prefix }: Cidr): [number, Uint8Array][] {
  if (prefix > 30) return [];
  const hostMask = (1n << BigInt(32 - prefix)) - 1n;
  return [[IFA.BROADCAST, ipBytes({ family: 4, value: ip.value | hostMask })]];
}

/** Gives the interface of that index an address, or changes the one it has. */
export function addAddress(index: number, cidr: Cidr): Message {
  return message(RTM.NEWADDR, NLM_F.CREATE | NLM_F.REPLACE, index, cidr);
}

/** Takes an address off an interface. */
export function deleteAddress(index: number, cidr: Cidr): Message {
  return message(RTM.DELADDR, 0, index, cidr);
}

/** Asks for all addresses of the namespace, of both families; {@link parseAddress} reads the answers. */
export function listAddresses(): Message {
  return { type: RTM.GETADDR, flags: 0, body: ifaddrmsg(0, 0, 0), attributes: [] };
}

/** null for an entry without an address. */
export function parseAddress({ payload }: ReceivedMessage): InterfaceAddress | null {
  const attributes = decodeAttributes(payload, IFADDRMSG);
  const bytes = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (!bytes) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return { index: view.getUint32(4, true), cidr: { ip: ipFromBytes(bytes), prefix: view.getUint8(1) } };
}
