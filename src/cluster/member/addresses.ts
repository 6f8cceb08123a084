import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { invalid } from "../../lib/errors.ts";
import { containsIp, isLinkLocal, isLoopback, isUnspecified, parseCidr, parseIp } from "../../lib/ip.ts";

const usualPort = 2377;

/** A host and a port, put together for people and programs. */
export const joinAddress = (host: string, port: number): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** What a machine calls itself to others, and where it listens. */
export interface NodeAddresses {
  listen: { host: string; port: number };
  advertise: { host: string; port: number };
  /** Empty: as {@link advertise}. */
  dataPath: string;
}

interface Asked {
  ListenAddr?: string | null;
  AdvertiseAddr?: string | null;
  DataPathAddr?: string | null;
}

/** The interfaces of the machine, by name. */
export type Interfaces = Record<string, { address: string; internal: boolean }[]>;

/**
 * Where a node is to listen and how others are to reach it; what is not said is read off the machine. `own`: subnets of
 * the engine's own networks, which lead nowhere. Throws `invalid` where that cannot be, or has several answers.
 */
export function nodeAddresses(
  { ListenAddr, AdvertiseAddr, DataPathAddr }: Asked,
  own: readonly string[],
  interfaces: Interfaces = machineInterfaces(),
): NodeAddresses {
  const listen = listenAddress(ListenAddr ?? "", interfaces);
  const advertise = AdvertiseAddr
    ? advertiseAddress(AdvertiseAddr, listen.port, interfaces)
    : { host: isAny(listen.host) ? systemAddress(interfaces, own) : listen.host, port: listen.port };
  return { listen, advertise, dataPath: DataPathAddr ? dataPathAddress(DataPathAddr, interfaces) : "" };
}

const isAny = (host: string) => {
  const ip = parseIp(host);
  return ip !== null && isUnspecified(ip);
};

function machineInterfaces(): Interfaces {
  return Object.fromEntries(Object.entries(networkInterfaces()).map(([name, found]) => [name, found ?? []]));
}

function split(text: string): { host: string; port: string | undefined } {
  const [, v6, host, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(text) ?? [];
  if (v6 === undefined && host === undefined) return { host: text, port: undefined };
  return { host: v6 ?? host ?? "", port };
}

function portOf(text: string | undefined, otherwise: number): number | null {
  if (text === undefined || text === "") return otherwise;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

function listenAddress(asked: string, interfaces: Interfaces): NodeAddresses["listen"] {
  const refuse = (why: string) => invalid(`invalid ListenAddr ${JSON.stringify(asked)}: ${why}`);
  if (asked === "") throw refuse("invalid empty address");
  const { host, port } = split(asked);
  const number = portOf(port, usualPort);
  if (number === null) throw refuse(`invalid port ${port}`);
  if (isIP(host)) return { host, port: number };
  const found = interfaces[host];
  if (!found) throw refuse("listening address must be an IP address or network interface (with optional port number)");
  return { host: oneOf(host, found), port: number };
}

function advertiseAddress(asked: string, listenPort: number, interfaces: Interfaces): NodeAddresses["advertise"] {
  const refusal = "advertise address must be a non-zero IP address or network interface (with optional port number)";
  const { host, port } = split(asked);
  const number = portOf(port, listenPort);
  if (number === null) throw invalid(refusal);
  if (isIP(host) && !isAny(host)) return { host, port: number };
  const found = interfaces[host];
  if (!found) throw invalid(refusal);
  return { host: oneOf(host, found), port: number };
}

function dataPathAddress(asked: string, interfaces: Interfaces): string {
  if (isIP(asked) && !isAny(asked)) return asked;
  const found = interfaces[asked];
  if (!found) throw invalid("data path address must be a non-zero IP address or network interface");
  return oneOf(asked, found);
}

/** The address of an interface: of the fourth version where it has one. */
function oneOf(name: string, found: Interfaces[string]): string {
  const usable = usableOf(found);
  const v4 = usable.filter((address) => isIP(address) === 4);
  const [first, second] = v4.length > 0 ? v4 : usable;
  if (first === undefined) throw invalid(`interface ${name} has no usable IPv4 or IPv6 address`);
  if (second !== undefined) {
    const version = v4.length > 0 ? "IPv4" : "IPv6";
    throw invalid(`interface ${name} has more than one ${version} address (${first} and ${second})`);
  }
  return first;
}

const usableOf = (found: Interfaces[string]): string[] =>
  found
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
    .filter((address) => {
      const ip = parseIp(address);
      return ip !== null && !isLoopback(ip) && !isLinkLocal(ip);
    });

/** The one address that the machine has for others. */
function systemAddress(interfaces: Interfaces, own: readonly string[]): string {
  const subnets = own.flatMap((cidr) => parseCidr(cidr) ?? []);
  const found = Object.entries(interfaces).flatMap(([name, addresses]) =>
    usableOf(addresses)
      .filter((address) => {
        const ip = parseIp(address);
        return ip !== null && !subnets.some((subnet) => subnet.ip.family === ip.family && containsIp(subnet, ip));
      })
      .map((address) => ({ name, address })),
  );
  const v4 = found.filter(({ address }) => isIP(address) === 4);
  const [first, second] = v4.length > 0 ? v4 : found;
  const hint = " - specify one with --advertise-addr";
  if (!first) throw invalid(`could not find the system's IP address${hint}`);
  if (!second) return first.address;
  const which =
    first.name === second.name
      ? `on interface ${first.name} (${first.address} and ${second.address})`
      : `on different interfaces (${first.address} on ${first.name} and ${second.address} on ${second.name})`;
  throw invalid(`could not choose an IP address to advertise since this system has multiple addresses ${which}${hint}`);
}
