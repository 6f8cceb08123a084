import { type Ip, ipFromBytes } from "../lib/ip.ts";

/** IP packets as they are on the wire (RFC 791, 8200, 9293, 768). Pure. */
export interface Packet {
  destination: Ip;
  /** Number of the protocol above IP. */
  protocol: number;
  destinationPort: number;
}

const TCP = 6;
const UDP = 17;
const checksumAt: Record<number, number> = { [TCP]: 16, [UDP]: 6 };

/** null for what is no whole packet, or has something between its IP header and that of its transport. */
export function parsePacket(bytes: Buffer): Packet | null {
  const header = headerLength(bytes);
  if (header === 0 || bytes.length < header + 8) return null;
  const v4 = (bytes[0] ?? 0) >> 4 === 4;
  return {
    destination: ipFromBytes(v4 ? bytes.subarray(16, 20) : bytes.subarray(24, 40)),
    protocol: bytes[v4 ? 9 : 6] ?? 0,
    destinationPort: bytes.readUInt16BE(header + 2),
  };
}

/** Bytes of the IP header; 0 where there is none. */
function headerLength(bytes: Buffer): number {
  const first = bytes[0] ?? 0;
  if (first >> 4 === 6) return bytes.length >= 40 ? 40 : 0;
  return first >> 4 === 4 && bytes.length >= 20 ? (first & 15) * 4 : 0;
}

/** Makes the checksum of TCP and UDP right: that of a packet which never was on a wire may not have been made yet. */
export function completeChecksum(bytes: Buffer): void {
  const header = headerLength(bytes);
  const v4 = header !== 40 || (bytes[0] ?? 0) >> 4 === 4;
  const protocol = bytes[v4 ? 9 : 6] ?? 0;
  const at = header + (checksumAt[protocol] ?? 0);
  if (!(protocol in checksumAt) || bytes.length < at + 2) return;
  bytes.writeUInt16BE(0, at);
  const transport = bytes.subarray(header);
  const sum = addUp(transport, addUp(v4 ? bytes.subarray(12, 20) : bytes.subarray(8, 40), protocol + transport.length));
  const checksum = ~fold(sum) & 0xffff;
  // UDP says "none" by zero.
  bytes.writeUInt16BE(protocol === UDP && checksum === 0 ? 0xffff : checksum, at);
}

function addUp(bytes: Buffer, start: number): number {
  let sum = start;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length % 2 === 1 ? sum + ((bytes.at(-1) ?? 0) << 8) : sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
