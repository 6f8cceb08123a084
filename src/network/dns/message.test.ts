import { describe, expect, test } from "bun:test";
import { parseIp } from "../../lib/ip.ts";
import { frame, unframe } from "./forward.ts";
import {
  type Answer,
  answersTo,
  codeOf,
  encodeAnswer,
  encodeError,
  encodeRefusal,
  forUdp,
  parseQuery,
  type Query,
  rcode,
  recordType,
  reverseAddress,
} from "./message.ts";

function query(name: string, type: number = recordType.A, extra: number[] = [], counts = [1, 0, 0, 0]): Buffer {
  const labels = name.split(".").flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]);
  return Buffer.concat([
    Buffer.from([0xab, 0xcd, 1, 0, ...counts.flatMap((count) => [0, count])]),
    ...labels,
    Buffer.of(0, 0, type, 0, 1, ...extra),
  ]);
}
const parsed = (bytes: Uint8Array): Query =>
  parseQuery(bytes) ??
  (() => {
    throw new Error("no query");
  })();
const address = (text: string): Answer => ({
  type: "address",
  ip:
    parseIp(text) ??
    (() => {
      throw new Error(text);
    })(),
});

describe("queries", () => {
  test("what they ask", () => {
    expect(parsed(query("Web.Example"))).toMatchObject({
      id: 0xabcd,
      name: "Web.Example",
      type: 1,
      class: 1,
      recursionDesired: true,
      maxUdpSize: 512,
    });
    expect(parsed(query("a", 28, [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0], [1, 0, 0, 1])).maxUdpSize).toBe(1232);
  });
  test.each([
    ["too short", Buffer.alloc(5)],
    [
      "an answer",
      (() => {
        const b = query("a");
        b[2] = 0x81;
        return b;
      })(),
    ],
    ["two questions", query("a", 1, [], [2, 0, 0, 0])],
    ["a name cut off", query("web").subarray(0, 15)],
    ["a pointer", Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1])],
  ])("%s is none", (_, bytes) => expect(parseQuery(bytes)).toBeNull());
});

describe("answers", () => {
  test("addresses under the name as it was asked", () => {
    const asked = parsed(query("WEB"));
    const answer = encodeAnswer(asked, [address("10.0.0.2"), address("fd00::1")], 30, 512);
    expect(answer.toString("hex")).toBe(
      "abcd8580" +
        "0001000200000000" +
        "0357454200" +
        "00010001" +
        "c00c" +
        "0001" +
        "0001" +
        "0000001e" +
        "0004" +
        "0a000002" +
        "c00c" +
        "001c" +
        "0001" +
        "0000001e" +
        "0010" +
        "fd000000000000000000000000000001",
    );
    expect(answersTo(answer, 0xabcd, parsed(query("web")))).toBe(true);
    expect(answersTo(answer, 0xabcd, parsed(query("wob")))).toBe(false);
    expect(answersTo(answer, 1, asked)).toBe(false);
  });
  test("errors and names", () => {
    const asked = parsed(query("web"));
    expect(codeOf(encodeError(asked, rcode.SERVFAIL))).toBe(2);
    expect(encodeAnswer(asked, [{ type: "name", name: "web.net" }], 30, 512).toString("latin1")).toContain(
      "\x03web\x03net\0",
    );
  });
  test("as many addresses as fit, and word that there are more", () => {
    const asked = parsed(query("web"));
    const all = Array.from({ length: 40 }, (_, at) => address(`10.0.0.${at}`));
    const cut = encodeAnswer(asked, all, 30, 512);
    expect([cut.readUInt16BE(6), cut.length, cut.readUInt16BE(2) & 0x0200]).toEqual([30, 501, 0x0200]);
    const whole = encodeAnswer(asked, all, 30, 1232);
    expect([whole.readUInt16BE(6), whole.readUInt16BE(2) & 0x0200]).toEqual([40, 0]);
  });
  test("another server's answer that is too long for a datagram", () => {
    const asked = parsed(query("web"));
    const cut = forUdp(asked, Buffer.alloc(600));
    expect(cut.length).toBeLessThan(512);
    expect((cut[2] ?? 0) & 2).toBe(2);
    expect(forUdp(asked, encodeError(asked, 0)).length).toBe(21);
  });
  test("what is no query: its id, and what is wrong", () => {
    const withFlags = (flags: number) => {
      const bytes = query("a");
      bytes.writeUInt16BE(flags, 2);
      return bytes;
    };
    expect(encodeRefusal(query("web").subarray(0, 15))?.toString("hex")).toBe(`abcd8101${"00".repeat(8)}`);
    expect(encodeRefusal(withFlags(0x2900))?.toString("hex")).toBe(`abcda904${"00".repeat(8)}`);
    expect(encodeRefusal(withFlags(0x8100))).toBeNull();
    expect(encodeRefusal(Buffer.alloc(11))).toBeNull();
  });
  test("over TCP, however they are cut", () => {
    const stream = Buffer.concat([frame(Buffer.from("one")), frame(Buffer.from("two"))]);
    expect(unframe(stream.subarray(0, 4))).toBeNull();
    const first = unframe(stream);
    expect(first?.message.toString()).toBe("one");
    expect(unframe(first?.rest ?? Buffer.alloc(0))?.message.toString()).toBe("two");
  });
});

test("addresses from the names of reverse look-ups", () => {
  expect(reverseAddress("2.0.17.172.in-addr.arpa")).toEqual(parseIp("172.17.0.2"));
  expect(reverseAddress("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.IP6.ARPA")).toEqual(
    parseIp("fd00::2"),
  );
  for (const wrong of ["web", "300.0.17.172.in-addr.arpa", "1.2.in-addr.arpa", "x.ip6.arpa"])
    expect(reverseAddress(wrong)).toBeNull();
});
