import { expect, test } from "bun:test";
import { readZone } from "./zone.ts";

/** A time-zone file of version 2 with two zones: `LMT` (+3208 s) up to the transition, `CET` (+3600 s) from it on. */
function zoneFile(transition: bigint): Buffer {
  const header = (times: number, types: number, chars: number) => {
    const head = Buffer.alloc(44);
    head.write("TZif2", 0, "latin1");
    [0, 0, 0, times, types, chars].forEach((count, i) => head.writeUInt32BE(count, 20 + i * 4));
    return head;
  };
  const type = (offset: number, name: number) => {
    const bytes = Buffer.alloc(6);
    bytes.writeInt32BE(offset);
    bytes[5] = name;
    return bytes;
  };
  const time = Buffer.alloc(8);
  time.writeBigInt64BE(transition);
  return Buffer.concat([
    header(0, 0, 0),
    header(1, 2, 8),
    time,
    Buffer.from([1]),
    type(3208, 0),
    type(3600, 4),
    Buffer.from("LMT\0CET\0\nCET-1\n", "latin1"),
  ]);
}

test("the zone in force at a moment", () => {
  const file = zoneFile(-2_000_000_000n);
  expect(readZone(file, -3_000_000_000)).toMatchObject({ offset: 3208, name: "LMT" });
  expect(readZone(file, 0)).toMatchObject({ offset: 3600, name: "CET", isLast: true });
  expect(readZone(Buffer.from("no zone"), 0)).toBeNull();
});
