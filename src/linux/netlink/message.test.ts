import { describe, expect, test } from "bun:test";
import { parseCidr, parseIp } from "../../lib/ip.ts";
import { addAddress, parseAddress } from "./address.ts";
import { findByReply, parseTracked } from "./conntrack.ts";
import { changeLink, formatMac, newVethPair, parseLink, parseMac } from "./link.ts";
import {
  be16,
  decodeAttributes,
  decodeMessages,
  encodeMessages,
  type Message,
  NLM_F,
  numberOf,
  type ReceivedMessage,
  text,
  textOf,
  u16,
  u32,
} from "./message.ts";
import { addRoute, parseRoute } from "./route.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const cidr = (value: string) =>
  parseCidr(value) ??
  (() => {
    throw new Error(value);
  })();
const ip = (value: string) =>
  parseIp(value) ??
  (() => {
    throw new Error(value);
  })();
const roundTrip = (message: Message): ReceivedMessage => {
  const [received] = decodeMessages(encodeMessages([message], 7));
  if (!received) throw new Error("nothing came back");
  return received;
};

describe("netlink messages", () => {
  test("header, padding, nesting", () => {
    const bytes = encodeMessages(
      [
        {
          type: 0x10,
          flags: NLM_F.REQUEST | NLM_F.ACK,
          body: Uint8Array.of(1, 2, 3),
          attributes: [
            [3, text("ab")],
            [
              18,
              [
                [1, Buffer.from("veth")],
                [2, [[5, u16(9)]]],
              ],
            ],
          ],
        },
        { type: 0x11, flags: 0, body: new Uint8Array(), attributes: [] },
      ],
      41,
    );
    expect(hex(bytes)).toBe(
      "34000000" +
        "1000" +
        "0500" +
        "29000000" +
        "00000000" +
        "01020300" +
        "0700" +
        "0300" +
        "61620000" +
        "1800" +
        "1280" +
        "0800" +
        "0100" +
        "76657468" +
        "0c00" +
        "0280" +
        "0600" +
        "0500" +
        "09000000" +
        "10000000" +
        "1100" +
        "0000" +
        "2a000000" +
        "00000000",
    );
    expect([...decodeMessages(bytes)].map(({ type, sequence }) => [type, sequence])).toEqual([
      [0x10, 41],
      [0x11, 42],
    ]);
  });

  test("attributes are read back, cut-off ones are left", () => {
    const { payload } = roundTrip({
      type: 1,
      flags: 0,
      body: new Uint8Array(4),
      attributes: [
        [1, u32(70000)],
        [2, text("name")],
        [3, be16(80)],
      ],
    });
    const attributes = decodeAttributes(payload, 4);
    expect(numberOf(attributes.get(1))).toBe(70000);
    expect(textOf(attributes.get(2))).toBe("name");
    expect(hex(attributes.get(3) ?? new Uint8Array())).toBe("0050");
    expect(decodeAttributes(payload.subarray(0, payload.length - 6), 4).size).toBe(2);
    expect([...decodeMessages(Uint8Array.of(1, 2, 3))]).toEqual([]);
    expect([...decodeMessages(new Uint8Array(16))]).toEqual([]);
  });
});

describe("what travels in them", () => {
  test("links", () => {
    const link = parseLink(
      roundTrip(changeLink(5, { name: "eth0", mtu: 1400, up: true, mac: Uint8Array.of(2, 0x42, 172, 17, 0, 2) })),
    );
    expect(link).toMatchObject({ index: 5, name: "eth0", mtu: 1400, up: true, mac: "02:42:ac:11:00:02", kind: "" });
    expect(parseLink(roundTrip(newVethPair({ name: "vetha", master: 3 }, { name: "eth0", netnsFd: 9 })))).toMatchObject(
      { name: "vetha", master: 3, kind: "veth" },
    );
    expect(formatMac(parseMac("02-42-AC-11-00-02") ?? new Uint8Array())).toBe("02:42:ac:11:00:02");
    for (const wrong of ["", "02:42:ac:11:00", "02:42:ac:11:00:0g", "0242ac110002"]) expect(parseMac(wrong)).toBeNull();
  });

  test.each(["172.17.0.2/16", "fd00::2/64", "10.0.0.1/32"])("address %s", (value) => {
    expect(parseAddress(roundTrip(addAddress(4, cidr(value))))).toEqual({ index: 4, cidr: cidr(value) });
  });

  test("routes", () => {
    const routes = [
      { destination: null, gateway: ip("172.17.0.1"), link: 2, family: 4 as const },
      { destination: cidr("10.1.0.0/16"), gateway: null, link: 3, family: 4 as const },
      { destination: null, gateway: ip("fd00::1"), link: 2, family: 6 as const },
    ];
    for (const route of routes) expect(parseRoute(roundTrip(addRoute(route)))).toEqual(route);
  });

  test("connections", () => {
    const reply = {
      protocol: 6,
      source: ip("::1"),
      destination: ip("fd00::9"),
      sourcePort: 80,
      destinationPort: 40000,
    };
    const { payload } = roundTrip(findByReply(reply));
    const [request] = decodeAttributes(payload, 4);
    expect(request?.[0]).toBe(2);
    const both = roundTrip({
      type: 1,
      flags: 0,
      body: new Uint8Array(4),
      attributes: [
        [1, request?.[1] ?? new Uint8Array()],
        [2, request?.[1] ?? new Uint8Array()],
      ],
    });
    expect(parseTracked(both)).toEqual({ original: reply, reply });
  });
});
