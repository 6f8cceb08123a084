import { formatIp, type Ip, ipBytes, parseIp } from "../../lib/ip.ts";
import { be16, type Message, u8, u32 } from "../../linux/netlink/message.ts";
import { changeElements, concatenate, NFPROTO, type SetElement, transaction } from "../../linux/nft/codec.ts";
import type { Ingress, IngressBackend, IngressPort } from "../overlay/desired.ts";

/**
 * Ports that answer on every machine of a cluster, as elements of the firewall's maps and sets, in nft's text and in
 * the kernel's bytes. Each connection takes the next of a fixed number of slots, so that ports are elements and no
 * rules: a port's slots lead to its backends in turn. Pure.
 */
export const slots = 64;

export const ingressProtocols = ["tcp", "udp", "sctp"] as const;

/** Name of the map of a protocol's ports. */
export const ingressMap = (protocol: IngressPort["protocol"], family: 4 | 6): string => `ingress_${protocol}${family}`;

/** Those who are given a port's connections, by family. */
export function chosenBackends(port: IngressPort, own: readonly string[], family: 4 | 6): IngressBackend[] {
  const ready = port.backends.filter((backend) => backend.ready && parseIp(backend.address)?.family === family);
  const local = ready.filter((backend) => backend.local);
  if (local.length > 0) return local.slice(0, slots);
  if (ready.length === 0) return [];
  // Each machine begins with another, so that nobody is left out where there are more than slots.
  const first = Number(Bun.hash(own.join()) % BigInt(ready.length));
  return [...ready.slice(first), ...ready.slice(0, first)].slice(0, slots);
}

interface Element {
  map: string;
  text: string;
  bytes: SetElement;
}

const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;
const maxPerMessage = 1000;

/** `alike`: ports, as JSON, that are left out. */
function elementsOf({ own, ports }: Ingress, alike: ReadonlySet<string> = new Set()): Element[] {
  const elements = ports.flatMap((port) => {
    if (alike.has(JSON.stringify(port))) return [];
    const [v4, v6] = [chosenBackends(port, own, 4), chosenBackends(port, own, 6)];
    return [...slotElements(port, v4, 4), ...slotElements(port, v6, 6), ...relayElements(port, v4, v6)];
  });
  return [...elements, ...remoteElements({ own, ports }, 4), ...remoteElements({ own, ports }, 6)];
}

function slotElements({ protocol, port }: IngressPort, chosen: readonly IngressBackend[], family: 4 | 6): Element[] {
  if (chosen.length === 0) return [];
  return Array.from({ length: slots }, (_, slot) => chosen[slot % chosen.length]).flatMap((backend, slot) => {
    const ip = backend && parseIp(backend.address);
    if (!ip) return [];
    return [
      {
        map: ingressMap(protocol, family),
        text: `${port} . ${slot} : ${formatIp(ip)} . ${backend.port}`,
        bytes: {
          key: concatenate(be16(port), u32(slot)),
          keyEnd: null,
          data: concatenate(ipBytes(ip), be16(backend.port)),
        },
      },
    ];
  });
}

/**
 * What comes by IPv6 for those who have IPv4 alone takes the daemon's relay, and so does what the kernel does not
 * route, where the relay has an IPv4 port to lead to.
 */
function relayElements({ protocol, port }: IngressPort, v4: readonly unknown[], v6: readonly unknown[]): Element[] {
  if (v4.length === 0 || protocol === "sctp") return [];
  const key = concatenate(u8(protocolNumbers[protocol]), be16(port));
  return (v6.length === 0 ? ["relay"] : ["relay_loopback", "relay_link"]).map((map) => ({
    map,
    text: `${protocol} . ${port}`,
    bytes: { key, keyEnd: key, data: null },
  }));
}

/** Whose connections are to come from this machine's own address, since answers have to come back here. */
function remoteElements({ own, ports }: Ingress, family: 4 | 6): Element[] {
  const source = own.flatMap((text) => parseIp(text) ?? []).find((ip) => ip.family === family);
  if (!source) return [];
  const remote = new Map<string, Ip>();
  for (const port of ports) {
    for (const { address, local } of chosenBackends(port, own, family)) {
      const ip = parseIp(address);
      if (!local && ip) remote.set(formatIp(ip), ip);
    }
  }
  return [...remote].map(([text, ip]) => ({
    map: `remote${family}`,
    text: `${text} : ${formatIp(source)}`,
    bytes: { key: ipBytes(ip), keyEnd: null, data: ipBytes(source) },
  }));
}

/** `add element …` lines; none for no ports. */
export function ingressText(table: string, ingress: Ingress | null): string {
  const maps = Map.groupBy(ingress ? elementsOf(ingress) : [], ({ map }) => map);
  return [...maps]
    .map(([map, elements]) => `add element ${table} ${map} { ${elements.map(({ text }) => text).join(", ")} }\n`)
    .join("");
}

/** The difference as a transaction; empty where there is none. */
export function ingressMessages(table: string, before: Ingress | null, after: Ingress | null): Message[] {
  const alike = new Set(
    JSON.stringify(before?.own) === JSON.stringify(after?.own) ? before?.ports.map((port) => JSON.stringify(port)) : [],
  ).intersection(new Set(after?.ports.map((port) => JSON.stringify(port))));
  const keyed = (ingress: Ingress | null) =>
    new Map((ingress ? elementsOf(ingress, alike) : []).map((element) => [`${element.map} ${element.text}`, element]));
  const [old, now] = [keyed(before), keyed(after)];
  const gone = [...old].flatMap(([key, element]) => (now.has(key) ? [] : [element]));
  const come = [...now].flatMap(([key, element]) => (old.has(key) ? [] : [element]));
  if (gone.length === 0 && come.length === 0) return [];
  return transaction([...messages("delete", table, gone), ...messages("add", table, come)]);
}

function messages(change: "add" | "delete", table: string, elements: readonly Element[]): Message[] {
  return [...Map.groupBy(elements, ({ map }) => map)].flatMap(([map, list]) =>
    Array.from({ length: Math.ceil(list.length / maxPerMessage) }, (_, at) => {
      const part = list.slice(at * maxPerMessage, (at + 1) * maxPerMessage).map(({ bytes }) => bytes);
      return changeElements(change, NFPROTO.INET, table, map, part);
    }),
  );
}
