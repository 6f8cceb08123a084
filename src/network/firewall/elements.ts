import { formatIp, type Ip, ipBits, ipBytes, isLoopback, isUnspecified, parseIp } from "../../lib/ip.ts";
import { be16, type Message, u8 } from "../../linux/netlink/message.ts";
import { changeElements, concatenate, NFPROTO, transaction } from "../../linux/nft/codec.ts";

/** Published ports as elements of the firewall's maps and sets, in nft's text and in the kernel's bytes. Pure. */

/** `count` ports of `hostIp` from `hostPort` on lead to `target` from `targetPort` on. */
export interface FirewallPort {
  protocol: string;
  /**
   * Empty: nothing is translated, the container's own address and ports are open; `trusted`: the same, for those who
   * come by an interface that the network trusts.
   */
  hostIp: string;
  hostPort: number;
  count: number;
  /** Address of the container; empty: the relay. */
  target: string;
  targetPort: number;
  /** Only clients that the machine's own rules for incoming traffic let in reach the port. */
  guarded: boolean;
}

interface PortElement {
  map: string;
  /** The host's address, in maps of ports of one address. */
  ip: Ip | null;
  /** For all addresses of the family: the last of them; `ip` is the first. */
  lastIp?: Ip;
  protocol: string;
  first: number;
  last: number;
  target: Ip | null;
  /** null: the port stays as it is. */
  targetPort: number | null;
}

const protocolNumbers: Record<string, number> = { tcp: 6, udp: 17, sctp: 132 };
const maxPerMessage = 1000;

function portElements(port: FirewallPort): PortElement[] {
  return [...leadElements(port), ...guardElements(port)];
}

/** The machine's own traffic, and with it what is published on the loopback network, is not looked at. */
function guardElements({ protocol, hostIp, hostPort, count, guarded }: FirewallPort): PortElement[] {
  const ip = parseIp(hostIp);
  if (!guarded || !ip || isLoopback(ip)) return [];
  const last = { family: ip.family, value: (1n << BigInt(ipBits(ip.family))) - 1n };
  return [
    {
      map: `guarded${ip.family}`,
      ip,
      ...(isUnspecified(ip) && { lastIp: last }),
      protocol,
      first: hostPort,
      last: hostPort + count - 1,
      target: null,
      targetPort: null,
    },
  ];
}

function leadElements({ protocol, hostIp, hostPort, count, target, targetPort }: FirewallPort): PortElement[] {
  const [ip, own] = [parseIp(hostIp), parseIp(target)];
  if ((hostIp === "" || hostIp === "trusted") && own) {
    return [
      {
        map: `${hostIp || "open"}${own.family}`,
        ip: own,
        protocol,
        first: targetPort,
        last: targetPort + count - 1,
        target: null,
        targetPort: null,
      },
    ];
  }
  if (!ip) return [];
  const every = isUnspecified(ip);
  const base = {
    ip: every ? null : ip,
    protocol,
    first: hostPort,
    last: hostPort + count - 1,
    target: null,
    targetPort: null,
  };
  const to = own;
  if (!to) return [{ ...base, map: every ? "relay" : "relay_at" }];
  const map = `${every ? "pub" : "at"}${ip.family}`;
  const direct: PortElement[] =
    count > 1 && hostPort === targetPort
      ? [{ ...base, map: `${map}_range`, target: to }]
      : Array.from({ length: count }, (_, at) => ({
          ...base,
          map,
          first: hostPort + at,
          last: hostPort + at,
          target: to,
          targetPort: targetPort + at,
        }));
  // The kernel sends nothing from ::1 to elsewhere, nor from a link-local address: the relay does.
  const loopback = ip.family === 6 && (every || ip.value === 1n) ? [{ ...base, ip: null, map: "relay_loopback" }] : [];
  const link = ip.family === 6 && every ? [{ ...base, map: "relay_link" }] : [];
  return [...direct, ...loopback, ...link];
}

/** `add element …` lines; none for no ports. */
export function elementText(table: string, ports: readonly FirewallPort[]): string {
  const maps = Map.groupBy(ports.flatMap(portElements), ({ map }) => map);
  return [...maps]
    .map(([map, elements]) => `add element ${table} ${map} { ${elements.map(asText).join(", ")} }\n`)
    .join("");
}

function asText({ ip, lastIp, protocol, first, last, target, targetPort }: PortElement): string {
  const key = [
    ...(ip ? [lastIp ? `${formatIp(ip)}-${formatIp(lastIp)}` : formatIp(ip)] : []),
    protocol,
    first === last ? first : `${first}-${last}`,
  ].join(" . ");
  if (!target) return key;
  return `${key} : ${formatIp(target)}${targetPort === null ? "" : ` . ${targetPort}`}`;
}

/** The same without nft(8), which costs a process: first those that go, then those that come, all or nothing. */
export function elementMessages(
  table: string,
  gone: readonly FirewallPort[],
  come: readonly FirewallPort[],
): Message[] {
  return transaction([...messages("delete", table, gone), ...messages("add", table, come)]);
}

function messages(change: "add" | "delete", table: string, ports: readonly FirewallPort[]): Message[] {
  const maps = Map.groupBy(ports.flatMap(portElements), ({ map }) => map);
  return [...maps].flatMap(([map, elements]) => {
    const parts: Message[] = [];
    for (let at = 0; at < elements.length; at += maxPerMessage) {
      parts.push(changeElements(change, NFPROTO.INET, table, map, elements.slice(at, at + maxPerMessage).map(asBytes)));
    }
    return parts;
  });
}

function asBytes({ map, ip, lastIp, protocol, first, last, target, targetPort }: PortElement) {
  const key = (port: number, address = ip) =>
    concatenate(...(address ? [ipBytes(address)] : []), u8(protocolNumbers[protocol] ?? 0), be16(port));
  const interval =
    map.endsWith("_range") ||
    map.startsWith("relay") ||
    map.startsWith("open") ||
    map.startsWith("trusted") ||
    map.startsWith("guarded");
  return {
    key: key(first),
    keyEnd: interval ? key(last, lastIp ?? ip) : null,
    data: target ? concatenate(ipBytes(target), ...(targetPort === null ? [] : [be16(targetPort)])) : null,
  };
}
