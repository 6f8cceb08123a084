import type { NetworkDriver } from "./driver.ts";

/** The two kinds of networks that make nothing: neither on the host nor in a container. */
const interfaceless: Omit<NetworkDriver, "name" | "onlyNetwork" | "gives"> = {
  plugin: false,
  macAddresses: false,
  publishesPorts: false,
  forwards: false,
  validate: () => {},
  wantsGateway: () => false,
  ensure: () => {},
  remove: () => {},
  attach: () => {},
  publish: () => {},
  ready: () => true,
  detach: () => {},
  withdraw: () => {},
  gateways: () => ({ v4: null, v6: null }),
  firewall: () => null,
  interfacePrefix: () => "eth",
  hostLink: () => null,
  compare: () => [],
  compareEndpoint: () => [],
};

/** Containers live in the host's own namespace. */
export const host: NetworkDriver = { ...interfaceless, name: "host", onlyNetwork: "host", gives: "host" };

/** Containers have a namespace with nothing but a loopback interface. */
export const none: NetworkDriver = { ...interfaceless, name: "null", onlyNetwork: "none", gives: "nothing" };
