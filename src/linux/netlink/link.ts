import { type Ip, ipBytes } from "../../lib/ip.ts";
import {
  type Attribute,
  be16,
  decodeAttributes,
  encodeAttributes,
  type Message,
  NLM_F,
  numberOf,
  type ReceivedMessage,
  text,
  textOf,
  u8,
  u16,
  u32,
} from "./message.ts";

/** Messages about network interfaces (rtnetlink(7), linux/if_link.h). Pure. */

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19 } as const;
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  IFALIAS: 20,
  AF_SPEC: 26,
  NET_NS_FD: 28,
} as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const IFLA_BR = { FORWARD_DELAY: 1, STP_STATE: 5, NF_CALL_IPTABLES: 36, NF_CALL_IP6TABLES: 37 } as const;
const IFLA_BRPORT = { MODE: 4, ISOLATED: 33 } as const;
const AF_BRIDGE = 7;
const AF_INET6 = 10;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN = { MODE: 1, FLAGS: 2 } as const;
const IFLA_VLAN_ID = 1;
const IFLA_VXLAN = { ID: 1, LOCAL: 4, LEARNING: 7, PROXY: 11, PORT: 15, LOCAL6: 17 } as const;
const VETH_INFO_PEER = 1;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;
const IFINFOMSG = 16;

/** `enum macvlan_mode` of linux/if_link.h. */
export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
/** `enum ipvlan_mode` of linux/if_link.h. */
export const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
/** Flags of an ipvlan interface: `IPVLAN_F_…` of linux/if_link.h. */
export const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const;

/** A network interface, as the kernel describes it in RTM_NEWLINK (rtnetlink(7)). */
export interface Link {
  index: number;
  name: string;
  mac: string;
  mtu: number;
  /** Index of the bridge it is a port of; 0: none. */
  master: number;
  up: boolean;
  /** Up, and the other end too: packets pass. */
  running: boolean;
  alias: string;
  /** `bridge`, `veth`, …; empty for hardware. */
  kind: string;
}

/** Bytes of `02:42:ac:11:00:02`; null where the text is no MAC address. */
export function parseMac(mac: string): Uint8Array | null {
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(mac)) return null;
  return Uint8Array.from(mac.split(/[:-]/), (part) => parseInt(part, 16));
}

/** `02:42:ac:11:00:02`. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function ifinfomsg(index: number, flags = 0, change = 0, family = 0): Uint8Array {
  const body = new Uint8Array(IFINFOMSG);
  const view = new DataView(body.buffer);
  view.setUint8(0, family);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return body;
}

interface NewLink {
  name: string;
  mac?: Uint8Array;
  mtu?: number;
  up?: boolean;
  /** Made straight into the namespace this descriptor stands for. */
  netnsFd?: number;
}

function common({ name, mac, mtu, netnsFd }: NewLink): Attribute[] {
  return [
    [IFLA.IFNAME, text(name)],
    ...(mac ? [[IFLA.ADDRESS, mac] as const] : []),
    ...(mtu ? [[IFLA.MTU, u32(mtu)] as const] : []),
    ...(netnsFd === undefined ? [] : [[IFLA.NET_NS_FD, u32(netnsFd)] as const]),
  ];
}

function newLink(link: NewLink, kind: string, data: Attribute[], more: Attribute[] = []): Message {
  const flags = link.up ? IFF_UP : 0;
  return {
    type: RTM.NEWLINK,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    body: ifinfomsg(0, flags, flags),
    attributes: [
      ...common(link),
      ...more,
      [
        IFLA.LINKINFO,
        [[IFLA_INFO.KIND, Buffer.from(kind)], ...(data.length > 0 ? [[IFLA_INFO.DATA, data] as const] : [])],
      ],
    ],
  };
}

/**
 * A bridge without spanning tree. `filter`: what it carries from port to port passes the firewall too (br_netfilter).
 */
export function newBridge(link: NewLink & { filter: boolean }): Message {
  return newLink(link, "bridge", [
    [IFLA_BR.FORWARD_DELAY, u32(0)],
    [IFLA_BR.STP_STATE, u32(0)],
    ...(link.filter ? [[IFLA_BR.NF_CALL_IPTABLES, u8(1)] as const, [IFLA_BR.NF_CALL_IP6TABLES, u8(1)] as const] : []),
  ]);
}

/** A pair of joined interfaces: `host` becomes a port of `master` here, `peer` is made in its own namespace. */
export function newVethPair(host: NewLink & { master: number }, peer: NewLink): Message {
  const peerFlags = peer.up ? IFF_UP : 0;
  // VETH_INFO_PEER carries an ifinfomsg before its attributes: its bytes are those of one whole message's content.
  const nested = [[VETH_INFO_PEER, withHeader(ifinfomsg(0, peerFlags, peerFlags), common(peer))] as const];
  return newLink(host, "veth", nested, [[IFLA.MASTER, u32(host.master)]]);
}

/** An interface with a MAC address of its own on `parent`, given by its index. */
export function newMacvlan(link: NewLink & { parent: number; mode: keyof typeof macvlanModes }): Message {
  return newLink(link, "macvlan", [[IFLA_MACVLAN_MODE, u32(macvlanModes[link.mode])]], [[IFLA.LINK, u32(link.parent)]]);
}

/** An interface with `parent`'s MAC address and addresses of its own; `parent` by its index. */
export function newIpvlan(
  link: NewLink & { parent: number; mode: keyof typeof ipvlanModes; flag: keyof typeof ipvlanFlags },
): Message {
  return newLink(
    link,
    "ipvlan",
    [
      [IFLA_IPVLAN.MODE, u16(ipvlanModes[link.mode])],
      [IFLA_IPVLAN.FLAGS, u16(ipvlanFlags[link.flag])],
    ],
    [[IFLA.LINK, u32(link.parent)]],
  );
}

/** An 802.1Q interface on `parent`. */
export function newVlan(link: NewLink & { parent: number; vlan: number }): Message {
  return newLink(link, "vlan", [[IFLA_VLAN_ID, u16(link.vlan)]], [[IFLA.LINK, u32(link.parent)]]);
}

/**
 * A tunnel's end for one VXLAN. It learns nothing of who is where, and answers for those whom it was told of; what it
 * was told nothing of goes nowhere. `local`: from where it sends.
 */
export function newVxlan(link: NewLink & { id: number; local: Ip; port: number; master: number }): Message {
  const data: Attribute[] = [
    [IFLA_VXLAN.ID, u32(link.id)],
    [link.local.family === 4 ? IFLA_VXLAN.LOCAL : IFLA_VXLAN.LOCAL6, ipBytes(link.local)],
    [IFLA_VXLAN.LEARNING, u8(0)],
    [IFLA_VXLAN.PROXY, u8(1)],
    [IFLA_VXLAN.PORT, be16(link.port)],
  ];
  return newLink(link, "vxlan", data, [[IFLA.MASTER, u32(link.master)]]);
}

/** An interface that leads nowhere. */
export function newDummy(link: NewLink): Message {
  return newLink(link, "dummy", []);
}

/** Deletes a link; of a pair the other end goes too. */
export function deleteLink(by: { index: number } | { name: string }): Message {
  return "index" in by
    ? { type: RTM.DELLINK, flags: 0, body: ifinfomsg(by.index), attributes: [] }
    : { type: RTM.DELLINK, flags: 0, body: ifinfomsg(0), attributes: [[IFLA.IFNAME, text(by.name)]] };
}

/** What to change of an interface; what is absent stays. */
export interface LinkChange {
  up?: boolean;
  mac?: Uint8Array;
  mtu?: number;
  name?: string;
  /** Index of the bridge to be a port of. */
  master?: number;
  /** Moved into the namespace that this descriptor stands for. */
  netnsFd?: number;
}

/** Changes what is given of a link, leaves the rest. */
export function changeLink(index: number, { up, mac, mtu, name, master, netnsFd }: LinkChange): Message {
  return {
    type: RTM.NEWLINK,
    flags: 0,
    body: ifinfomsg(index, up ? IFF_UP : 0, up === undefined ? 0 : IFF_UP),
    attributes: [
      ...(mac ? [[IFLA.ADDRESS, mac] as const] : []),
      ...(mtu ? [[IFLA.MTU, u32(mtu)] as const] : []),
      ...(name ? [[IFLA.IFNAME, text(name)] as const] : []),
      ...(master ? [[IFLA.MASTER, u32(master)] as const] : []),
      ...(netnsFd === undefined ? [] : [[IFLA.NET_NS_FD, u32(netnsFd)] as const]),
    ],
  };
}

/**
 * Says whose a link is, to whoever lists the links; 255 bytes at most. The kernel takes no alias while it makes a link.
 */
export function setAlias(name: string, alias: string): Message {
  return {
    type: RTM.SETLINK,
    flags: 0,
    body: ifinfomsg(0),
    attributes: [
      [IFLA.IFNAME, text(name)],
      [IFLA.IFALIAS, Buffer.from(alias)],
    ],
  };
}

/** Sets up an interface that only carries packets for others: its owner's mark, and no IPv6 address of its own. */
export function raiseCarrier(name: string, alias: string, { ipv6 }: { ipv6: boolean }): Message {
  const withoutAddress: Attribute = [IFLA.AF_SPEC, [[AF_INET6, [[IFLA_INET6_ADDR_GEN_MODE, u8(1)]]]]];
  return {
    type: RTM.SETLINK,
    flags: 0,
    body: ifinfomsg(0, IFF_UP, IFF_UP),
    attributes: [[IFLA.IFNAME, text(name)], [IFLA.IFALIAS, Buffer.from(alias)], ...(ipv6 ? [withoutAddress] : [])],
  };
}

/**
 * Settings of a bridge's port. `isolated`: only the bridge itself is in its reach, not its fellow ports;
 * `hairpin`: what came in by it may go out by it.
 */
export function changePort(index: number, { isolated, hairpin }: { isolated: boolean; hairpin: boolean }): Message {
  return {
    type: RTM.SETLINK,
    flags: 0,
    body: ifinfomsg(index, 0, 0, AF_BRIDGE),
    attributes: [
      [
        IFLA.PROTINFO,
        [
          [IFLA_BRPORT.MODE, u8(Number(hairpin))],
          [IFLA_BRPORT.ISOLATED, u8(Number(isolated))],
        ],
      ],
    ],
  };
}

/** Asks for one link; {@link parseLink} reads the answer. */
export function getLink(by: { index: number } | { name: string }): Message {
  return "index" in by
    ? { type: RTM.GETLINK, flags: 0, body: ifinfomsg(by.index), attributes: [] }
    : { type: RTM.GETLINK, flags: 0, body: ifinfomsg(0), attributes: [[IFLA.IFNAME, text(by.name)]] };
}

/** Asks for all links of the namespace. */
export function listLinks(): Message {
  return { type: RTM.GETLINK, flags: 0, body: ifinfomsg(0), attributes: [] };
}

/** The link of an answer to {@link getLink} or {@link listLinks}. */
export function parseLink({ payload }: ReceivedMessage): Link {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const attributes = decodeAttributes(payload, IFINFOMSG);
  const info = attributes.get(IFLA.LINKINFO);
  return {
    index: view.getInt32(4, true),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    running: (view.getUint32(8, true) & IFF_RUNNING) !== 0,
    name: textOf(attributes.get(IFLA.IFNAME)),
    mac: formatMac(attributes.get(IFLA.ADDRESS) ?? new Uint8Array()),
    mtu: numberOf(attributes.get(IFLA.MTU)),
    master: numberOf(attributes.get(IFLA.MASTER)),
    alias: textOf(attributes.get(IFLA.IFALIAS)),
    kind: info ? textOf(decodeAttributes(info).get(IFLA_INFO.KIND)) : "",
  };
}

/** Attributes behind a fixed struct, as the value of an attribute. */
function withHeader(header: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
  return new Uint8Array([...header, ...encodeAttributes(attributes)]);
}

/** A MAC address that nobody else on this machine has: of those that anybody may give, made up. */
export function randomMac(): string {
  return formatMac(Uint8Array.of(0x02, ...crypto.getRandomValues(new Uint8Array(5))));
}
