import type { GatewayMode } from "../options.ts";
import { elementText, type FirewallPort } from "./elements.ts";

/**
 * The instance's nftables table as text. Rules are few and fixed; networks and published ports are elements of sets
 * and maps. Pure.
 *
 * Published ports live in four maps per address family: for every address of the host (`pub4`) or one (`at4`), for
 * single ports with their own target port or (`…_range`) for whole ranges whose ports stay as they are. Ports of
 * containers without IPv6 that are published on IPv6 go to the daemon's relay instead (`relay`), and so does what the
 * host sends to ::1 (`relay_loopback`).
 */
export const tableName = (instance: string): string => `inet ${bareTableName(instance)}`;

export const bareTableName = (instance: string): string => `berth_${instance}`;

export interface FirewallNetwork {
  bridge: string;
  /** Prefixes of the bridge's subnets. */
  subnets4: string[];
  subnets6: string[];
  internal: boolean;
  /** Its containers may talk to each other. */
  icc: boolean;
  mode4: GatewayMode;
  mode6: GatewayMode;
  /** Address that its containers leave under; `masquerade`: that of the way out; empty: their own. */
  source4: string;
  source6: string;
}

export interface Firewall {
  networks: FirewallNetwork[];
  ports: FirewallPort[];
  /** Local port of the IPv6 relay by protocol; 0: there is none. */
  relay: { tcp: number; udp: number };
}

type Elements = Record<string, string[]>;

function networkElements({ bridge, subnets4, subnets6, internal, icc, mode4, mode6, source4, source6 }: FirewallNetwork): Elements {
  const name = JSON.stringify(bridge);
  const leaving = (subnets: string[], mode: GatewayMode, source: string, family: 4 | 6): Elements => {
    if (source === "" || mode === "routed" || mode === "isolated") return {};
    return source === "masquerade" ? { [`masquerade${family}`]: subnets } : { [`source${family}`]: subnets.map((subnet) => `${subnet} : ${source}`) };
  };
  return {
    bridges: [name],
    internal: internal ? [name] : [],
    same: icc ? [`${name} . ${name}`] : [],
    subnets4: subnets4.map((subnet) => `${name} . ${subnet}`),
    subnets6: subnets6.map((subnet) => `${name} . ${subnet}`),
    ...leaving(subnets4, mode4, source4, 4),
    ...leaving(subnets6, mode6, source6, 6),
    routed: [...(mode4 === "routed" ? [`ipv4 . ${name}`] : []), ...(mode6 === "routed" ? [`ipv6 . ${name}`] : [])],
    unprotected: [...(mode4 === "nat-unprotected" ? [`ipv4 . ${name}`] : []), ...(mode6 === "nat-unprotected" ? [`ipv6 . ${name}`] : [])],
  };
}

function merge(all: Elements[]): Elements {
  const merged: Elements = {};
  for (const elements of all) {
    for (const [set, list] of Object.entries(elements)) if (list.length > 0) (merged[set] ??= []).push(...list);
  }
  return merged;
}

function statements(verb: "add" | "delete", instance: string, elements: Elements): string {
  return Object.entries(elements).map(([set, list]) => `${verb} element ${tableName(instance)} ${set} { ${list.join(", ")} }\n`).join("");
}

export const addNetworks = (instance: string, networks: FirewallNetwork[]): string => statements("add", instance, merge(networks.map(networkElements)));

export const deleteNetworks = (instance: string, networks: FirewallNetwork[]): string => statements("delete", instance, merge(networks.map(networkElements)));

/** Takes the table away, whether it is there or not. */
export const dropTable = (instance: string): string => `add table ${tableName(instance)}\ndelete table ${tableName(instance)}\n`;

/** The whole table in place of any before it. */
export function wholeTable(instance: string, { networks, ports, relay }: Firewall): string {
  return `${dropTable(instance)}table ${tableName(instance)} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set same { type ifname . ifname; }
  set subnets4 { type ifname . ipv4_addr; flags interval; }
  set subnets6 { type ifname . ipv6_addr; flags interval; }
  set masquerade4 { type ipv4_addr; flags interval; }
  set masquerade6 { type ipv6_addr; flags interval; }
  map source4 { type ipv4_addr : ipv4_addr; flags interval; }
  map source6 { type ipv6_addr : ipv6_addr; flags interval; }
  set unprotected { type nf_proto . ifname; }
  set routed { type nf_proto . ifname; }
  set open4 { type ipv4_addr . inet_proto . inet_service; flags interval; }
  set open6 { type ipv6_addr . inet_proto . inet_service; flags interval; }
  map pub4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map pub6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map at4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map at6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  map pub4_range { type inet_proto . inet_service : ipv4_addr; flags interval; }
  map pub6_range { type inet_proto . inet_service : ipv6_addr; flags interval; }
  map at4_range { type ipv4_addr . inet_proto . inet_service : ipv4_addr; flags interval; }
  map at6_range { type ipv6_addr . inet_proto . inet_service : ipv6_addr; flags interval; }
  set relay { type inet_proto . inet_service; flags interval; }
  set relay_loopback { type inet_proto . inet_service; flags interval; }
  set relay_at { type ipv6_addr . inet_proto . inet_service; flags interval; }

  chain publish {
${relayRules("tcp", relay.tcp)}${relayRules("udp", relay.udp)}    dnat ip to ip daddr . meta l4proto . th dport map @at4
    dnat ip to ip daddr . meta l4proto . th dport map @at4_range
    dnat ip to meta l4proto . th dport map @pub4
    dnat ip to meta l4proto . th dport map @pub4_range
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6_range
    dnat ip6 to meta l4proto . th dport map @pub6
    dnat ip6 to meta l4proto . th dport map @pub6_range
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    fib daddr type local jump publish
  }
  chain output {
    type nat hook output priority -100;
    fib daddr type local jump publish
  }
  # Bridges route the loopback network so that published ports answer there; nothing may come in that way.
  chain guard {
    type filter hook prerouting priority raw;
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname . oifname @same accept
    iifname @internal drop
    oifname @internal drop
    ct status dnat accept
    meta nfproto . oifname @unprotected accept
    meta nfproto . oifname @routed meta l4proto { icmp, ipv6-icmp } accept
    ip daddr . meta l4proto . th dport @open4 accept
    ip6 daddr . meta l4proto . th dport @open6 accept
    oifname @bridges drop
  }
  # The first rule of each family: a container that meets its own network through a published port. The answer would
  # not come back through here by itself.
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname . ip saddr @subnets4 ct status dnat masquerade
    oifname . ip saddr @subnets4 return
    oifname @bridges ip saddr 127.0.0.0/8 ct status dnat masquerade
    snat ip to ip saddr map @source4
    ip saddr @masquerade4 masquerade
    oifname . ip6 saddr @subnets6 ct status dnat masquerade
    oifname . ip6 saddr @subnets6 return
    oifname @bridges ip6 saddr ::1 ct status dnat masquerade
    snat ip6 to ip6 saddr map @source6
    ip6 saddr @masquerade6 masquerade
  }
}
${addNetworks(instance, networks)}${elementText(tableName(instance), ports)}`;
}

function relayRules(protocol: "tcp" | "udp", port: number): string {
  if (port === 0) return "";
  return `    meta l4proto ${protocol} ip6 daddr ::1 meta l4proto . th dport @relay_loopback redirect to :${port}
    meta l4proto ${protocol} ip6 daddr . meta l4proto . th dport @relay_at redirect to :${port}
    meta nfproto ipv6 meta l4proto ${protocol} meta l4proto . th dport @relay redirect to :${port}
`;
}
