import { type Ip, isUnspecified } from "../lib/ip.ts";
import { AF, SOCK, sockaddr } from "./sockaddr.ts";
import { errno, libc, ptr, SystemError } from "./syscall.ts";

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

const one = Buffer.from(Uint32Array.of(1).buffer);
const zero = Buffer.alloc(4);

const protocols: Record<string, { type: number; protocol: number }> = {
  tcp: { type: SOCK.STREAM, protocol: 6 },
  udp: { type: SOCK.DGRAM, protocol: 17 },
  sctp: { type: SOCK.STREAM, protocol: 132 },
};

/** A filter of one instruction, `ret #0`: nothing passes (linux/filter.h). */
const dropAll = Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Takes a port of the host so that nobody else can: binds it, and listens where the protocol has that. Connections do
 * not get here, the firewall sends them elsewhere first. Should the firewall's rules be missing for a moment, the
 * socket drops every packet: the client tries again and then reaches the container, instead of being accepted by a
 * socket that nobody serves. Both unspecified addresses together are one socket. Returns descriptors; none for a
 * protocol or family that the kernel does not have. Throws {@link SystemError}.
 */
export function holdPort(protocol: string, ips: readonly Ip[], port: number): number[] {
  const both =
    ips.some((ip) => ip.family === 4 && isUnspecified(ip)) && ips.some((ip) => ip.family === 6 && isUnspecified(ip));
  const fds: number[] = [];
  try {
    for (const ip of ips) {
      if (both && ip.family === 4 && isUnspecified(ip)) continue;
      const dual = both && isUnspecified(ip);
      const fd =
        bindOne(protocol, ip, port, dual) ?? (dual ? bindOne(protocol, { family: 4, value: 0n }, port, false) : null);
      if (fd !== null) fds.push(fd);
    }
    return fds;
  } catch (error) {
    releasePorts(fds);
    throw error;
  }
}

/** How many ports may be held: half of the files this process may have open. */
export function socketBudget(): number {
  const RLIMIT_NOFILE = 7;
  const limits = Buffer.alloc(16);
  if (libc.getrlimit(RLIMIT_NOFILE, ptr(limits)) !== 0) return 512;
  const soft = limits.readBigUInt64LE(0);
  return Number(soft > 2n ** 31n ? 2n ** 31n : soft) / 2;
}

/** Closes what {@link holdPort} returned. */
export function releasePorts(fds: readonly number[]): void {
  for (const fd of fds) libc.close(fd);
}

function bindOne(name: string, ip: Ip, port: number, dual: boolean): number | null {
  const { type, protocol } = protocols[name] ?? { type: 0, protocol: 0 };
  const fd = libc.socket(ip.family === 4 ? AF.INET : AF.INET6, type | SOCK.CLOEXEC | SOCK.NONBLOCK, protocol);
  if (fd < 0) {
    const code = errno();
    if (code === EPROTONOSUPPORT || code === EAFNOSUPPORT) return null;
    throw new SystemError("socket", code, name);
  }
  // Connections of an earlier owner that are still dying do not count; a listener does. Nobody reads what a datagram
  // socket gets.
  libc.setsockopt(fd, SOL_SOCKET, type === SOCK.STREAM ? SO_REUSEADDR : SO_RCVBUF, ptr(one), 4);
  if (ip.family === 6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ptr(dual ? zero : one), 4);
  beDeaf(fd);
  const address = sockaddr(ip, port);
  const failed =
    libc.bind(fd, ptr(address), address.length) !== 0 || (type === SOCK.STREAM && libc.listen(fd, 0) !== 0);
  if (!failed) return fd;
  const code = errno();
  libc.close(fd);
  throw new SystemError("bind", code, `${name} port ${port}`);
}

function beDeaf(fd: number): void {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(BigInt(ptr(dropAll)), 8);
  libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, ptr(program), program.length);
}
