import type { PortBinding, PortMap } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import { formatIp, parseIp } from "../../lib/ip.ts";
import type { PortRange } from "../record.ts";

/** A request for one port of the host, the same on all of `hostIps`, for one port of the container. */
export interface PortRequest {
  protocol: string;
  containerPort: number;
  hostIps: string[];
  /** Any port from `first` to `last` will do; both 0: any that is free. */
  first: number;
  last: number;
}

/** A request with the port it got. */
export interface PortGrant extends Omit<PortRequest, "first" | "last"> {
  hostPort: number;
}

/**
 * What `PortBindings`, `ExposedPorts` and `PublishAllPorts` ask for, fixed ports before free ones. `fallback`: the
 * host's addresses for a port that names no address. Throws `invalid` on what cannot be read.
 */
export function planPorts(
  bindings: PortMap,
  exposed: readonly string[],
  publishAll: boolean,
  fallback: string[],
): PortRequest[] {
  const requests: PortRequest[] = [];
  for (const [key, list] of Object.entries(bindings ?? {})) {
    const { containerPort, protocol } = parsePort(key);
    for (const { HostIp, HostPort } of list ?? []) {
      requests.push({
        protocol,
        containerPort,
        hostIps: hostIps(HostIp ?? "", fallback),
        ...hostPorts(HostPort ?? ""),
      });
    }
    if (publishAll && (list ?? []).length === 0)
      requests.push({ protocol, containerPort, hostIps: fallback, first: 0, last: 0 });
  }
  if (publishAll) {
    const bound = new Set(Object.keys(bindings ?? {}).map(normalPort));
    for (const key of exposed) {
      if (!bound.has(normalPort(key))) requests.push({ ...parsePort(key), hostIps: fallback, first: 0, last: 0 });
    }
  }
  return requests.sort((a, b) => Number(a.first === 0) - Number(b.first === 0) || a.containerPort - b.containerPort);
}

/** `80` or `80/tcp`. */
export function parsePort(key: string): { containerPort: number; protocol: string } {
  const [port = "", protocol = "tcp"] = key.split("/");
  if (!/^\d+$/.test(port) || Number(port) > 65535) throw invalid(`invalid container port: ${port}`);
  if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) throw invalid(`invalid proto: ${protocol}`);
  return { containerPort: Number(port), protocol: protocol.toLowerCase() };
}

/** A port key in full and in lower case: `80` becomes `80/tcp`. Throws `invalid` as {@link parsePort} does. */
export function normalPort(key: string): string {
  const { containerPort, protocol } = parsePort(key);
  return `${containerPort}/${protocol}`;
}

function hostIps(hostIp: string, fallback: string[]): string[] {
  if (hostIp === "") return fallback;
  const ip = parseIp(hostIp.replace(/^\[(.*)\]$/, "$1"));
  if (!ip) throw invalid(`invalid IP address: ${hostIp}`);
  return [formatIp(ip)];
}

function hostPorts(text: string): { first: number; last: number } {
  if (text === "") return { first: 0, last: 0 };
  const [first = Number.NaN, last = first, more] = text
    .split("-")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (!(first <= last && last <= 65535) || more !== undefined) throw invalid(`invalid port specification: "${text}"`);
  return { first, last };
}

/** Grants as ranges: ports whose numbers follow each other on the host and in the container become one range. */
export function compress(grants: readonly PortGrant[]): PortRange[] {
  const single = grants.flatMap(({ protocol, hostIps, hostPort, containerPort }) =>
    hostIps.map((hostIp) => ({ protocol, hostIp, hostPort, containerPort, count: 1 })),
  );
  single.sort((a, b) =>
    a.protocol < b.protocol
      ? -1
      : a.protocol > b.protocol
        ? 1
        : a.hostIp < b.hostIp
          ? -1
          : a.hostIp > b.hostIp
            ? 1
            : a.hostPort - b.hostPort,
  );
  const ranges: PortRange[] = [];
  for (const port of single) {
    const last = ranges.at(-1);
    const follows =
      last !== undefined &&
      last.protocol === port.protocol &&
      last.hostIp === port.hostIp &&
      last.hostPort + last.count === port.hostPort &&
      last.containerPort + last.count === port.containerPort;
    if (follows) last.count++;
    else ranges.push(port);
  }
  return ranges;
}

/** Ranges port by port. */
export function expand(ranges: readonly PortRange[]): PortGrant[] {
  return ranges.flatMap(({ protocol, hostIp, hostPort, containerPort, count }) =>
    Array.from({ length: count }, (_, at) => ({
      protocol,
      hostIps: [hostIp],
      hostPort: hostPort + at,
      containerPort: containerPort + at,
    })),
  );
}

/** `NetworkSettings.Ports`: what is published, and null for what is only exposed. */
export function portMap(ranges: readonly PortRange[], exposed: readonly string[]): NonNullable<PortMap> {
  const map: Record<string, PortBinding[] | null> = Object.fromEntries(exposed.map((key) => [normalPort(key), null]));
  for (const { protocol, hostIp, hostPort, containerPort, count } of ranges) {
    for (let at = 0; at < count; at++) {
      (map[`${containerPort + at}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort + at) });
    }
  }
  return map;
}
