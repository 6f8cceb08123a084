import { expect, test } from "bun:test";
import { ipamConfig } from "./ipam.ts";

const flags = (given: Partial<Parameters<typeof ipamConfig>[0]>) => ({
  subnets: [],
  ranges: [],
  gateways: [],
  auxiliary: {},
  ...given,
});

test("everything goes to the subnet that it lies in", () => {
  expect(
    ipamConfig(
      flags({
        subnets: ["10.1.0.0/16", "fd00::/64"],
        ranges: ["10.1.5.0/24"],
        gateways: ["fd00::1", "10.1.0.9"],
        auxiliary: { router: "10.1.0.7" },
      }),
    ),
  ).toEqual([
    { Subnet: "10.1.0.0/16", IPRange: "10.1.5.0/24", Gateway: "10.1.0.9", AuxiliaryAddresses: { router: "10.1.0.7" } },
    { Subnet: "fd00::/64", Gateway: "fd00::1", AuxiliaryAddresses: {} },
  ]);
});

test("what lies nowhere", () => {
  expect(() => ipamConfig(flags({ subnets: ["10.1.0.0/16"], gateways: ["10.2.0.1"] }))).toThrow(
    "no matching subnet for gateway 10.2.0.1",
  );
  expect(() => ipamConfig(flags({ subnets: ["10.1.0.0/16"], auxiliary: { a: "10.2.0.1" } }))).toThrow(
    "no matching subnet for aux-address 10.2.0.1",
  );
  expect(() => ipamConfig(flags({ ranges: ["10.1.0.0/16"] }))).toThrow(
    "every ip-range or gateway must have a corresponding subnet",
  );
  expect(() => ipamConfig(flags({ subnets: ["10.0.0.0/8", "fd00::/64"], gateways: ["10.0.0.1", "10.0.0.2"] }))).toThrow(
    "cannot configure multiple gateways (10.0.0.2, 10.0.0.1) for the same subnet (10.0.0.0/8)",
  );
});
