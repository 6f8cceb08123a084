import { describe, expect, test } from "bun:test";
import {
  containsIp,
  firstIp,
  formatCidr,
  formatIp,
  ipBytes,
  ipFromBytes,
  lastIp,
  networkOf,
  overlaps,
  parseCidr,
  parseIp,
} from "./ip.ts";

const ip = (text: string) => {
  const parsed = parseIp(text);
  if (!parsed) throw new Error(`no address: ${text}`);
  return parsed;
};
const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(`no prefix: ${text}`);
  return parsed;
};

describe("addresses", () => {
  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["172.17.0.2", "172.17.0.2"],
    ["::", "::"],
    ["::1", "::1"],
    ["fe80::0001", "fe80::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
    ["1::", "1::"],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
  ])("%s is written %s", (text, written) => {
    expect(formatIp(ip(text))).toBe(written);
    expect(formatIp(ipFromBytes(ipBytes(ip(text))))).toBe(written);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4.5",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "g::",
    "fe80::1%eth0",
    "::1.2.3",
    "1.2.3.4::",
  ])("%p is none", (text) => expect(parseIp(text)).toBeNull());
});

describe("prefixes", () => {
  test("bounds", () => {
    expect(formatCidr(networkOf(cidr("172.17.5.9/16")))).toBe("172.17.0.0/16");
    expect(formatIp(firstIp(cidr("10.0.0.77/26")))).toBe("10.0.0.64");
    expect(formatIp(lastIp(cidr("10.0.0.77/26")))).toBe("10.0.0.127");
    expect(formatIp(lastIp(cidr("fd00::/64")))).toBe("fd00::ffff:ffff:ffff:ffff");
    expect(formatIp(lastIp(cidr("0.0.0.0/0")))).toBe("255.255.255.255");
  });
  test("containment and overlap", () => {
    expect(containsIp(cidr("10.0.0.0/8"), ip("10.255.0.1"))).toBe(true);
    expect(containsIp(cidr("10.0.0.0/8"), ip("11.0.0.0"))).toBe(false);
    expect(containsIp(cidr("::/0"), ip("10.0.0.1"))).toBe(false);
    expect(overlaps(cidr("10.0.0.0/8"), cidr("10.9.0.0/16"))).toBe(true);
    expect(overlaps(cidr("10.9.0.0/16"), cidr("10.0.0.0/8"))).toBe(true);
    expect(overlaps(cidr("10.0.0.0/9"), cidr("10.128.0.0/9"))).toBe(false);
  });
  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "/8", "::/129", "10.0.0.0/-1"])("%p is none", (text) =>
    expect(parseCidr(text)).toBeNull(),
  );
});
