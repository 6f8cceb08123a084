import type { GatewayMode } from "../options.ts";
import type { Ingress } from "../overlay/desired.ts";
import { elementText, type FirewallPort } from "./elements.ts";
import { ingressMap, ingressProtocols, ingressText, slots } from "./ingress.ts";

/**
 * The instance's nftables table as text. Rules are few and fixed; networks and published ports are elements of sets
 * and maps. Pure.
 *
 * Ports of a cluster's services are in maps of their own (`ingress_tcp4`; see `ingress.ts`). Published ports live in
 * four maps per address family: for every address of the host (`pub4`) or one (`at4`), for single ports with their own
 * target port or (`…_range`) for whole ranges whose ports stay as they are. Ports of containers without IPv6 that are
 * published on IPv6 go to the daemon's relay instead (`relay`), and so does what the host sends to ::1
 * (`relay_loopback`) and what comes from a link-local address (`relay_link`): neither may be routed.
 */
export const tableName = (instance: string): string => `inet ${bareTableName(instance)}`;

/** Name of the instance's nftables table without the family `inet` before it. */
export const bareTableName = (instance: string): string => `berth_${instance}`;

/** What the firewall needs to know of one bridge network. */
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
  /** Interfaces of the host by which published ports may also be reached at the container's own address. */
  trusted: string[];
  /**
   * Source address of what its containers send out; `masquerade`: that of the interface it leaves by; empty: their own.
   */
  source4: string;
  source6: string;
}

/** All that the table is made of. */
export interface Firewall {
  networks: FirewallNetwork[];
  ports: FirewallPort[];
  /** Ports of the cluster's services; null: there are none. */
  ingress: Ingress | null;
  /** Local port of the IPv6 relay by protocol; 0: there is none. */
  relay: { tcp: number; udp: number };
}

type Elements = Record<string, string[]>;

function networkElements({
  bridge,
  subnets4,
  subnets6,
  internal,
  icc,
  mode4,
  mode6,
  trusted,
  source4,
  source6,
}: FirewallNetwork): Elements {
  const name = JSON.stringify(bridge);
  const leaving = (subnets: string[], mode: GatewayMode, source: string, family: 4 | 6): Elements => {
    if (source === "" || mode === "routed" || mode === "isolated") return {};
    return source === "masquerade"
      ? { [`masquerade${family}`]: subnets }
      : { [`source${family}`]: subnets.map((subnet) => `${subnet} : ${source}`) };
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
    trusts: trusted.map((from) => `${JSON.stringify(from)} . ${name}`),
    unprotected: [
      ...(mode4 === "nat-unprotected" ? [`ipv4 . ${name}`] : []),
      ...(mode6 === "nat-unprotected" ? [`ipv6 . ${name}`] : []),
    ],
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
  return Object.entries(elements)
    .map(([set, list]) => `${verb} element ${tableName(instance)} ${set} { ${list.join(", ")} }\n`)
    .join("");
}

/** Statements for nft(8) that add the networks' elements to the table's sets and maps. */
export const addNetworks = (instance: string, networks: FirewallNetwork[]): string =>
  statements("add", instance, merge(networks.map(networkElements)));

/** Statements for nft(8) that take out what {@link addNetworks} put in; nft fails where an element is missing. */
export const deleteNetworks = (instance: string, networks: FirewallNetwork[]): string =>
  statements("delete", instance, merge(networks.map(networkElements)));

/** A script that deletes the table; it succeeds where there is none too. */
export const dropTable = (instance: string): string =>
  `add table ${tableName(instance)}\ndelete table ${tableName(instance)}\n`;

/** Name of the chain that belongs to the machine's administrator: passed first, never written to by the engine. */
const userChain = "user";

/**
 * The whole table, in place of what the engine wrote before. The administrator's chain, and all else in the table that
 * is not the engine's, stays untouched. nft fails where something in the table has one of the engine's names but
 * another kind.
 */
export function wholeTable(instance: string, { networks, ports, ingress, relay }: Firewall): string {
  const table = tableName(instance);
  const chains = chainsOf(relay, admissionGroup(instance));
  return [
    `add table ${table}`,
    `add chain ${table} ${userChain}`,
    ...sets.map(([kind, name, type]) => `add ${kind} ${table} ${name} { ${type} }`),
    ...chains.map(({ name, hook }) => `add chain ${table} ${name}${hook && ` { ${hook} policy accept; }`}`),
    ...sets.map(([kind, name]) => `flush ${kind} ${table} ${name}`),
    ...chains.map(({ name }) => `flush chain ${table} ${name}`),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `add rule ${table} ${name} ${rule}`)),
    addNetworks(instance, networks) + elementText(table, ports) + ingressText(table, ingress),
  ].join("\n");
}

/** Longer than a client waits before it sends an unanswered packet again. */
const forAMoment = "flags dynamic,timeout; timeout 4s;";

/** What a port of the cluster's is looked up by: connections take the slots in turn. */
const slotOf = (protocol: string) => `${protocol} dport . numgen inc mod ${slots}`;

/** One a protocol: a map of `th dport` and a number nft(8) 1.0.6 loads once and never again. */
const ingressMaps = (["ip", "ip6"] as const).flatMap((ip) =>
  ingressProtocols.map((protocol) => ({ name: ingressMap(protocol, ip === "ip" ? 4 : 6), ip, protocol })),
);

const sets: readonly (readonly [kind: "set" | "map", name: string, type: string])[] = [
  ["set", "bridges", "type ifname;"],
  ["set", "internal", "type ifname;"],
  ["set", "same", "type ifname . ifname;"],
  ["set", "subnets4", "type ifname . ipv4_addr; flags interval;"],
  ["set", "subnets6", "type ifname . ipv6_addr; flags interval;"],
  ["set", "masquerade4", "type ipv4_addr; flags interval;"],
  ["set", "masquerade6", "type ipv6_addr; flags interval;"],
  ["map", "source4", "type ipv4_addr : ipv4_addr; flags interval;"],
  ["map", "source6", "type ipv6_addr : ipv6_addr; flags interval;"],
  ["set", "unprotected", "type nf_proto . ifname;"],
  ["set", "routed", "type nf_proto . ifname;"],
  ["set", "trusts", "type ifname . ifname;"],
  ["set", "trusted4", "type ipv4_addr . inet_proto . inet_service; flags interval;"],
  ["set", "trusted6", "type ipv6_addr . inet_proto . inet_service; flags interval;"],
  ["set", "open4", "type ipv4_addr . inet_proto . inet_service; flags interval;"],
  ["set", "open6", "type ipv6_addr . inet_proto . inet_service; flags interval;"],
  ["map", "pub4", "type inet_proto . inet_service : ipv4_addr . inet_service;"],
  ["map", "pub6", "type inet_proto . inet_service : ipv6_addr . inet_service;"],
  ["map", "at4", "type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service;"],
  ["map", "at6", "type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service;"],
  ["map", "pub4_range", "type inet_proto . inet_service : ipv4_addr; flags interval;"],
  ["map", "pub6_range", "type inet_proto . inet_service : ipv6_addr; flags interval;"],
  ["map", "at4_range", "type ipv4_addr . inet_proto . inet_service : ipv4_addr; flags interval;"],
  ["map", "at6_range", "type ipv6_addr . inet_proto . inet_service : ipv6_addr; flags interval;"],
  ...ingressMaps.map(
    ({ name, ip, protocol }) => ["map", name, `typeof ${slotOf(protocol)} : ${ip} daddr . ${protocol} dport;`] as const,
  ),
  ["map", "remote4", "type ipv4_addr : ipv4_addr;"],
  ["map", "remote6", "type ipv6_addr : ipv6_addr;"],
  ["set", "relay", "type inet_proto . inet_service; flags interval;"],
  ["set", "relay_loopback", "type inet_proto . inet_service; flags interval;"],
  ["set", "relay_link", "type inet_proto . inet_service; flags interval;"],
  ["set", "relay_at", "type ipv6_addr . inet_proto . inet_service; flags interval;"],
  ["set", "guarded4", "type ipv4_addr . inet_proto . inet_service; flags interval;"],
  ["set", "guarded6", "type ipv6_addr . inet_proto . inet_service; flags interval;"],
  [
    "set",
    "admitted4",
    `type ipv4_addr . inet_service . ipv4_addr . inet_proto . inet_service; size 65535; ${forAMoment}`,
  ],
  [
    "set",
    "admitted6",
    `type ipv6_addr . inet_service . ipv6_addr . inet_proto . inet_service; size 65535; ${forAMoment}`,
  ],
];

/** Number of the log group by which the daemon hears of admitted packets: derived from the instance, 16 bits. */
export const admissionGroup = (instance: string): number => parseInt(instance, 16) & 0xffff || 1;

interface Chain {
  name: string;
  /** Where the kernel passes packets to it; empty: other chains jump to it. */
  hook: string;
  rules: string[];
}

function chainsOf(relay: Firewall["relay"], group: number): Chain[] {
  return [
    {
      name: "publish",
      hook: "",
      rules: [
        ...relayRules("tcp", relay.tcp),
        ...relayRules("udp", relay.udp),
        "dnat ip to ip daddr . meta l4proto . th dport map @at4",
        "dnat ip to ip daddr . meta l4proto . th dport map @at4_range",
        "dnat ip to meta l4proto . th dport map @pub4",
        "dnat ip to meta l4proto . th dport map @pub4_range",
        "dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6",
        "dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6_range",
        "dnat ip6 to meta l4proto . th dport map @pub6",
        "dnat ip6 to meta l4proto . th dport map @pub6_range",
        ...ingressMaps.map(({ name, ip, protocol }) => `dnat ${ip} to ${slotOf(protocol)} map @${name}`),
      ],
    },
    {
      name: "prerouting",
      hook: "type nat hook prerouting priority dstnat;",
      rules: [...guardRules, "fib daddr type local jump publish"],
    },
    ...admissionChains(group),
    { name: "output", hook: "type nat hook output priority -100;", rules: ["fib daddr type local jump publish"] },
    // The loopback network is never on a wire: packets to it from elsewhere are meant for ports that are published for
    // the host alone. Bridges route it so that those ports answer there; nothing may come in that way either.
    {
      name: "guard",
      hook: "type filter hook prerouting priority raw;",
      rules: [
        "iif != lo ip daddr 127.0.0.0/8 drop",
        "iif != lo ip6 daddr ::1 drop",
        "iifname @bridges ip saddr 127.0.0.0/8 drop",
      ],
    },
    ...relayGuard("tcp", relay.tcp),
    ...relayGuard("udp", relay.udp),
    {
      name: "forward",
      hook: "type filter hook forward priority filter;",
      rules: [
        `jump ${userChain}`,
        "ct state established,related accept",
        "iifname . oifname @same accept",
        "iifname @internal drop",
        "oifname @internal drop",
        "ct status dnat accept",
        "meta nfproto . oifname @unprotected accept",
        "meta nfproto . oifname @routed meta l4proto { icmp, ipv6-icmp } accept",
        "ip daddr . meta l4proto . th dport @open4 accept",
        "ip6 daddr . meta l4proto . th dport @open6 accept",
        "iifname . oifname @trusts ip daddr . meta l4proto . th dport @trusted4 accept",
        "iifname . oifname @trusts ip6 daddr . meta l4proto . th dport @trusted6 accept",
        "oifname @bridges drop",
      ],
    },
    // First of all, what goes on to another machine of the cluster: answers have to come back to this one. Then, the
    // first rule of each family: a container that meets its own network through a published port. The answer would
    // not come back through here by itself.
    {
      name: "postrouting",
      hook: "type nat hook postrouting priority srcnat;",
      rules: [
        "ct status dnat snat ip to ip daddr map @remote4",
        "ct status dnat snat ip6 to ip6 daddr map @remote6",
        "oifname . ip saddr @subnets4 ct status dnat masquerade",
        "oifname . ip saddr @subnets4 return",
        "oifname @bridges ip saddr 127.0.0.0/8 ct status dnat masquerade",
        "snat ip to ip saddr map @source4",
        "ip saddr @masquerade4 masquerade",
        "oifname . ip6 saddr @subnets6 ct status dnat masquerade",
        "oifname . ip6 saddr @subnets6 return",
        "oifname @bridges ip6 saddr ::1 ct status dnat masquerade",
        "snat ip6 to ip6 saddr map @source6",
        "ip6 saddr @masquerade6 masquerade",
      ],
    },
  ];
}

const connection = (family: "ip" | "ip6"): string =>
  `${family} saddr . th sport . ${family} daddr . meta l4proto . th dport`;
const destination = (family: "ip" | "ip6"): string => `iifname != "lo" ${family} daddr . meta l4proto . th dport`;

/** A packet to a guarded port goes on as if it were for the machine itself, unless it was admitted already. */
const guardRules: string[] = (["ip", "ip6"] as const).map((family) => {
  const number = family === "ip" ? 4 : 6;
  return `${destination(family)} @guarded${number} ${connection(family)} != @admitted${number} accept`;
});

/**
 * Behind all other rules for incoming traffic: a first packet to a guarded port that got through all of them is
 * admitted. The daemon hears of it and sends it to the container; without a daemon, the client's next attempt reaches
 * it.
 */
function admissionChains(group: number): Chain[] {
  const admit = (family: "ip" | "ip6", number: 4 | 6): Chain => ({
    name: `admit${number}`,
    hook: "",
    rules: [`log group ${group}`, `add @admitted${number} { ${connection(family)} }`, "drop"],
  });
  return [
    admit("ip", 4),
    admit("ip6", 6),
    {
      name: "input",
      hook: "type filter hook input priority 250;",
      rules: [
        "ct state established,related accept",
        `${destination("ip")} @guarded4 goto admit4`,
        `${destination("ip6")} @guarded6 goto admit6`,
      ],
    },
  ];
}

/** Names of everything in the table that is the engine's. */
export const ownNames: ReadonlySet<string> = new Set([
  ...sets.map(([, name]) => name),
  ...chainsOf({ tcp: 0, udp: 0 }, 1).map(({ name }) => name),
]);

/** The relay keeps the address that was asked for: its answers have to come from there. */
function relayRules(protocol: "tcp" | "udp", port: number): string[] {
  if (port === 0) return [];
  const [published, turn] = ["meta l4proto . th dport", `dnat to :${port}`];
  return [
    `meta l4proto ${protocol} ip6 daddr ::1 ${published} @relay_loopback ${turn}`,
    `meta l4proto ${protocol} ip6 saddr fe80::/10 ${published} @relay_link ${turn}`,
    `meta l4proto ${protocol} ip6 daddr . ${published} @relay_at ${turn}`,
    `meta nfproto ipv6 meta l4proto ${protocol} ${published} @relay ${turn}`,
  ];
}

/** Nobody may connect to the relay's own port directly, unless that number happens to be published. */
function relayGuard(protocol: "tcp" | "udp", port: number): Chain[] {
  const own = `relay_${protocol}_own`;
  return [
    {
      name: own,
      hook: "",
      rules: [
        "meta l4proto . th dport @relay return",
        "ip6 daddr . meta l4proto . th dport @relay_at return",
        "meta l4proto . th dport @relay_loopback return",
        `reject${protocol === "tcp" ? " with tcp reset" : ""}`,
      ],
    },
    {
      name: `relay_${protocol}`,
      hook: "type filter hook input priority filter;",
      rules:
        port === 0
          ? []
          : [`meta nfproto ipv6 ${protocol} dport ${port} ct state new ct original proto-dst ${port} jump ${own}`],
    },
  ];
}
