import { describe, expect, test } from "bun:test";
import { type Cidr, formatCidr, formatIp, type Ip, parseCidr, parseIp } from "../../lib/ip.ts";
import { defaultAddressPools, defaultGateway, pickAddress, pickSubnet, takeAddress, uniqueLocalPool } from "./ipam.ts";
import { completeConfig, validateIpam } from "./ipam-config.ts";

const cidr = (text: string): Cidr =>
  parseCidr(text) ??
  (() => {
    throw new Error(text);
  })();
const ip = (text: string): Ip =>
  parseIp(text) ??
  (() => {
    throw new Error(text);
  })();

describe("subnets", () => {
  const next = (...taken: string[]) => formatCidr(pickSubnet(defaultAddressPools, taken.map(cidr), 4));

  test("the first free one, past all that is in the way", () => {
    expect(next()).toBe("172.17.0.0/16");
    expect(next("172.17.3.0/24")).toBe("172.18.0.0/22");
    expect(next("172.17.0.0/16", "172.18.0.0/22", "172.18.4.5/32")).toBe("172.18.8.0/22");
    expect(next("172.16.0.0/12")).toBe("192.168.0.0/24");
    expect(next("172.16.0.0/12", "192.168.0.0/23", "192.168.2.128/25")).toBe("192.168.3.0/24");
  });

  test("none is left", () => {
    expect(() => next("0.0.0.0/0")).toThrow("all predefined address pools have been fully subnetted");
    expect(() => pickSubnet(defaultAddressPools, [], 6)).toThrow();
  });

  test("unique local ones", () => {
    const pool = uniqueLocalPool("a1b2c3d4");
    expect(pool).toEqual({ base: "fda1:b2c3:d400::/48", size: 64 });
    expect(formatCidr(pickSubnet([pool], [cidr("fda1:b2c3:d400::/64")], 6))).toBe("fda1:b2c3:d400:1::/64");
  });

  test("a completed configuration", () => {
    const choice = { pools: defaultAddressPools, taken: [cidr("10.1.0.0/16")], avoid: [cidr("172.17.0.0/16")] };
    expect(completeConfig([], 4, choice)).toEqual({ Subnet: "172.18.0.0/22", Gateway: "172.18.0.1" });
    expect(
      completeConfig(
        [{ Subnet: "172.17.0.0/24", IPRange: "172.17.0.128/25", AuxiliaryAddresses: { router: "172.17.0.128" } }],
        4,
        choice,
      ),
    ).toEqual({
      Subnet: "172.17.0.0/24",
      IPRange: "172.17.0.128/25",
      Gateway: "172.17.0.129",
      AuxiliaryAddresses: { router: "172.17.0.128" },
    });
    expect(() => completeConfig([{ Subnet: "10.1.2.0/24" }], 4, choice)).toThrow(
      "invalid pool request: Pool overlaps with other one on this address space",
    );
    expect(() => completeConfig([{ Subnet: "10.2.0.0/24" }, { Subnet: "10.3.0.0/24" }], 4, choice)).toThrow(
      "bridge driver doesn't support multiple subnets",
    );
  });
});

describe("addresses", () => {
  const config = { Subnet: "10.0.0.0/29", Gateway: "10.0.0.1", AuxiliaryAddresses: { printer: "10.0.0.3" } };
  const pick = (...used: string[]) => {
    const address = pickAddress(config, new Set(used));
    return address && formatCidr(address);
  };

  test("the lowest free one; gateway, auxiliary addresses and the ends are nobody's", () => {
    expect(pick()).toBe("10.0.0.2/29");
    expect(pick("10.0.0.2")).toBe("10.0.0.4/29");
    expect(pick("10.0.0.2", "10.0.0.4", "10.0.0.5")).toBe("10.0.0.6/29");
    expect(pick("10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6")).toBeNull();
  });

  test("within the range, of the subnet's length", () => {
    const ranged = pickAddress({ ...config, Subnet: "10.0.0.0/24", IPRange: "10.0.0.64/30" }, new Set(["10.0.0.64"]));
    expect(ranged && formatCidr(ranged)).toBe("10.0.0.65/24");
    const v6 = pickAddress({ Subnet: "fd00::/64", Gateway: "fd00::1" }, new Set());
    expect(v6 && formatCidr(v6)).toBe("fd00::2/64");
    const pair = pickAddress({ Subnet: "10.0.0.0/31", Gateway: "10.0.0.0" }, new Set());
    expect(pair && formatCidr(pair)).toBe("10.0.0.1/31");
  });

  test("one that was asked for", () => {
    expect(formatCidr(takeAddress(config, new Set(), ip("10.0.0.5")))).toBe("10.0.0.5/29");
    for (const taken of ["10.0.0.1", "10.0.0.3", "10.0.0.4"]) {
      expect(() => takeAddress(config, new Set(["10.0.0.4"]), ip(taken))).toThrow("Address already in use");
    }
  });

  test("a gateway that nobody placed", () => {
    expect(formatIp(defaultGateway(cidr("10.0.0.0/24"), null, ["10.0.0.1"]))).toBe("10.0.0.2");
    expect(formatIp(defaultGateway(cidr("fd00::/64"), null, []))).toBe("fd00::1");
  });
});

describe("what a request may say", () => {
  test.each([
    [{ Subnet: "10.0.0.1/24" }, "invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24"],
    [{ Subnet: "nonsense" }, "invalid subnet nonsense"],
    [
      { Subnet: "10.0.0.0/24", IPRange: "10.0.0.0/16" },
      "invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24",
    ],
    [
      { Subnet: "10.0.0.0/24", IPRange: "10.0.1.0/25" },
      "invalid ip-range 10.0.1.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range",
    ],
    [{ Subnet: "10.0.0.0/24", IPRange: "fd00::/65" }, "invalid ip-range fd00::/65: parent subnet is an IPv4 block"],
    [
      { Subnet: "10.0.0.0/24", Gateway: "10.0.1.1" },
      "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
    [
      { Subnet: "10.0.0.0/24", AuxiliaryAddresses: { a: "fd00::1" } },
      "invalid auxiliary address a: parent subnet is an IPv4 block",
    ],
  ])("%o", (config, words) => expect(() => validateIpam({ Config: [config] })).toThrow(words));

  test("all that is right", () => {
    validateIpam(null);
    validateIpam({
      Config: [
        {
          Subnet: "10.0.0.0/24",
          IPRange: "10.0.0.128/25",
          Gateway: "10.0.0.254",
          AuxiliaryAddresses: { a: "10.0.0.7" },
        },
        { Subnet: "fd00::/64" },
      ],
    });
  });
});
