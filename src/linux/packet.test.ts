import { expect, test } from "bun:test";
import { formatIp } from "../lib/ip.ts";
import { completeChecksum, parsePacket } from "./packet.ts";

/**
 * A SYN from 10.216.1.2 to 10.216.1.1:8080, and a datagram "hello" from ::1 to ::1, as tcpdump saw them, checksums
 * right.
 */
const syn = "4500003c1c4640004006" + "0823" + "0ad801020ad80101" + "a0d21f9000000001000000005002fa" + "f0";

test("where a packet goes, and its checksum", () => {
  const packet = Buffer.from(syn + "00000000".repeat(7), "hex").subarray(0, 40);
  expect(parsePacket(packet)).toMatchObject({ protocol: 6, destinationPort: 8080 });
  expect(formatIp(parsePacket(packet)?.destination ?? { family: 4, value: 0n })).toBe("10.216.1.1");
  completeChecksum(packet);
  // Added up with the pseudo-header, a right checksum makes all ones.
  const words = [
    0x0ad8,
    0x0102,
    0x0ad8,
    0x0101,
    6,
    20,
    ...Array.from({ length: 10 }, (_, at) => packet.readUInt16BE(20 + 2 * at)),
  ];
  const sum = words.reduce((a, b) => a + b, 0);
  expect((sum & 0xffff) + (sum >> 16)).toBe(0xffff);
});

test("a datagram over IPv6, of an odd length", () => {
  const packet = Buffer.concat([
    Buffer.from("60000000000d1140", "hex"),
    Buffer.alloc(15),
    Buffer.of(1),
    Buffer.alloc(15),
    Buffer.of(1),
    Buffer.from("30390035000d0000", "hex"),
    Buffer.from("hello"),
  ]);
  expect(parsePacket(packet)).toMatchObject({ protocol: 17, destinationPort: 53 });
  completeChecksum(packet);
  // 1+1 of the addresses, 17, 13, ports, length and text, by hand.
  const sum = 1 + 1 + 17 + 13 + 0x3039 + 0x35 + 13 + 0x6865 + 0x6c6c + 0x6f00;
  expect(packet.readUInt16BE(46)).toBe(~((sum & 0xffff) + (sum >> 16)) & 0xffff);
});

test.each(["", "45", "60000000", "55555555", syn.slice(0, 50)])("%p is no packet", (hex) =>
  expect(parsePacket(Buffer.from(hex, "hex"))).toBeNull(),
);
