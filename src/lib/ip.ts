/** IP addresses and prefixes as values. Text follows RFC 4291 and, written, RFC 5952. */

/** The version of an address: 4 or 6. */
export type IpFamily = 4 | 6;

/** An address as a number: 32 bits in family 4, 128 bits in family 6. */
export interface Ip {
  readonly family: IpFamily;
  readonly value: bigint;
}

/** An address with a prefix length. `ip` keeps its host part. */
export interface Cidr {
  readonly ip: Ip;
  readonly prefix: number;
}

/** How many bits an address has, which is also the longest prefix. */
export const ipBits = (family: IpFamily): number => (family === 4 ? 32 : 128);

/** null where the text is no address. A zone (`%eth0`) is none. */
export function parseIp(text: string): Ip | null {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Ip | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return null;
  let value = 0n;
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return null;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseV6(text: string): Ip | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const groups: number[][] = [];
  for (const [index, half] of halves.entries()) {
    const parsed: number[] = [];
    const parts = half === "" ? [] : half.split(":");
    for (const [at, part] of parts.entries()) {
      const last = at === parts.length - 1 && index === halves.length - 1;
      if (last && part.includes(".")) {
        const v4 = parseV4(part);
        if (!v4) return null;
        parsed.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn));
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
        parsed.push(parseInt(part, 16));
      } else return null;
    }
    groups.push(parsed);
  }
  const head = groups[0] ?? [];
  const tail = groups[1] ?? [];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...new Array<number>(halves.length === 1 ? 0 : missing).fill(0), ...tail];
  return { family: 6, value: all.reduce((value, group) => (value << 16n) | BigInt(group), 0n) };
}

/** The usual text of an address; of IPv6 the short one (RFC 5952). */
export function formatIp(ip: Ip): string {
  if (ip.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (ip.value >> shift) & 255n).join(".");
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((ip.value >> shift) & 0xffffn));
  if (ip.value >> 32n === 0xffffn) return `::ffff:${formatIp({ family: 4, value: ip.value & 0xffff_ffffn })}`;
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.at < 0) return hex.join(":");
  return `${hex.slice(0, best.at).join(":")}::${hex.slice(best.at + best.length).join(":")}`;
}

/** The address as 4 or 16 bytes, the most significant first (network byte order). */
export function ipBytes(ip: Ip): Uint8Array {
  const bytes = new Uint8Array(ipBits(ip.family) / 8);
  for (let at = bytes.length - 1, rest = ip.value; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return bytes;
}

/** From network byte order; 4 bytes are IPv4, 16 IPv6. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  return { family: bytes.length === 4 ? 4 : 6, value: bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) };
}

/** True for the same address of the same family. */
export const sameIp = (a: Ip, b: Ip): boolean => a.family === b.family && a.value === b.value;

/** True for `0.0.0.0` and `::`, which stand for every address. */
export const isUnspecified = (ip: Ip): boolean => ip.value === 0n;

/** 127.0.0.0/8 and ::1. */
export function isLoopback(ip: Ip): boolean {
  return ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n;
}

/** 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal(ip: Ip): boolean {
  return ip.family === 4 ? ip.value >> 16n === 0xa9fen : ip.value >> 118n === 0x3fan;
}

/** `address/prefix`; null where it is not one. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const ip = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!ip || !/^\d{1,3}$/.test(digits) || Number(digits) > ipBits(ip.family)) return null;
  return { ip, prefix: Number(digits) };
}

/** `10.0.0.0/8`. The address is written as it is: bits beyond the prefix are kept. */
export const formatCidr = (cidr: Cidr): string => `${formatIp(cidr.ip)}/${cidr.prefix}`;

/** The lowest address of the prefix, as a Cidr of its own. */
export function networkOf(cidr: Cidr): Cidr {
  return { ip: firstIp(cidr), prefix: cidr.prefix };
}

/** The lowest address of the prefix. */
export function firstIp({ ip, prefix }: Cidr): Ip {
  const hostBits = BigInt(ipBits(ip.family) - prefix);
  return { family: ip.family, value: (ip.value >> hostBits) << hostBits };
}

/** The highest address of the prefix. */
export function lastIp(cidr: Cidr): Ip {
  const hostBits = BigInt(ipBits(cidr.ip.family) - cidr.prefix);
  return { family: cidr.ip.family, value: firstIp(cidr).value | ((1n << hostBits) - 1n) };
}

/** Whether the address is in the prefix; never where the families differ. */
export function containsIp(cidr: Cidr, ip: Ip): boolean {
  return cidr.ip.family === ip.family && firstIp(cidr).value <= ip.value && ip.value <= lastIp(cidr).value;
}

/** Whether two prefixes have an address in common. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return containsIp(a, firstIp(b)) || containsIp(b, firstIp(a));
}
