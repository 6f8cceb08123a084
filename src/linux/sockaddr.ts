import { type Ip, ipBytes } from "../lib/ip.ts";

/** Address families of socket(2). */
export const AF = { INET: 2, INET6: 10 } as const;
/** Types and flags of socket(2). */
export const SOCK = { STREAM: 1, DGRAM: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** `sockaddr_in` or `sockaddr_in6` (ip(7), ipv6(7)). */
export function sockaddr(ip: Ip, port: number): Buffer {
  const address = Buffer.alloc(ip.family === 4 ? 16 : 28);
  address.writeUInt16LE(ip.family === 4 ? AF.INET : AF.INET6, 0);
  address.writeUInt16BE(port, 2);
  address.set(ipBytes(ip), ip.family === 4 ? 4 : 8);
  return address;
}
