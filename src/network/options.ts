import { internal, invalid } from "../lib/errors.ts";
import { formatIp, parseIp } from "../lib/ip.ts";
import type { NetworkRecord } from "./record.ts";

/** Options of the bridge driver under Docker's names. */
export const bridgeOption = {
  name: "com.docker.network.bridge.name",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  icc: "com.docker.network.bridge.enable_icc",
  hostBinding4: "com.docker.network.bridge.host_binding_ipv4",
  defaultBridge: "com.docker.network.bridge.default_bridge",
  inhibit4: "com.docker.network.bridge.inhibit_ipv4",
  prefix: "com.docker.network.container_iface_prefix",
  mtu: "com.docker.network.driver.mtu",
  gatewayMode4: "com.docker.network.bridge.gateway_mode_ipv4",
  gatewayMode6: "com.docker.network.bridge.gateway_mode_ipv6",
  sourceAddress4: "com.docker.network.host_ipv4",
  sourceAddress6: "com.docker.network.host_ipv6",
  trusted: "com.docker.network.bridge.trusted_host_interfaces",
  publishPolicy: "com.berth.network.publish-policy",
} as const;

/**
 * Who can reach published ports. `open`: all who can reach the machine, as with Docker; `host-firewall`: those whom the
 * machine's own rules for incoming traffic let in, as if a program of the machine listened there; `loopback`: the
 * machine alone, unless the port names an address.
 */
export const publishPolicies = ["open", "host-firewall", "loopback"] as const;
/** One of {@link publishPolicies}. */
export type PublishPolicy = (typeof publishPolicies)[number];

/** The network's own policy, else `fallback`, the daemon's. Throws `invalid` where the option is no policy. */
export function publishPolicy(network: NetworkRecord, fallback: PublishPolicy): PublishPolicy {
  const text = network.Options[bridgeOption.publishPolicy] || fallback;
  const policy = publishPolicies.find((one) => one === text);
  if (!policy) throw invalid(`invalid ${bridgeOption.publishPolicy}: ${text} (one of ${publishPolicies.join(", ")})`);
  return policy;
}

const unparsable = (name: string, value: string, why: string) =>
  invalid(`failed to parse ${name} value: ${value} (${why})`);

/**
 * A boolean as Go's strconv.ParseBool reads it; `fallback` where the option is absent or empty. Throws `invalid` on
 * other text.
 */
export function booleanOption(options: Record<string, string>, name: string, fallback: boolean): boolean {
  const value = options[name];
  if (value === undefined || value === "") return fallback;
  if (isBoolean(value)) return /^[1t]/i.test(value);
  throw unparsable(name, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** Whether the text is a boolean in Go's sense; absent and empty count too. */
export function isBoolean(value: string | undefined): boolean {
  return !value || /^(1|t|true|0|f|false)$/i.test(value);
}

/**
 * How a bridge network meets the rest of the world. `nat`: behind the host's address, published ports only;
 * `nat-unprotected`: every port of a container can also be reached directly by those who have a route; `routed`:
 * nothing is translated, published ports are open at the container's own address; `isolated`: the host itself has no
 * address on the bridge.
 */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

/**
 * The network's gateway mode for IPv4 or IPv6; `nat` where it has no such option. Throws `internal` on an unknown mode
 * and on `isolated` for a network that is not internal, with Docker's text.
 */
export function gatewayMode(network: NetworkRecord, family: 4 | 6): GatewayMode {
  const option = family === 4 ? bridgeOption.gatewayMode4 : bridgeOption.gatewayMode6;
  const mode = network.Options[option] || "nat";
  if (mode === "isolated" && !network.Internal) {
    throw internal("gateway mode 'isolated' can only be used for an internal network");
  }
  if (mode === "nat" || mode === "nat-unprotected" || mode === "routed" || mode === "isolated") return mode;
  throw unparsable(option, mode, `unknown gateway mode ${mode}`);
}

/** The host's address that outgoing packets of containers get; empty: that of the interface they leave by. */
export function sourceAddress(network: NetworkRecord, family: 4 | 6): string {
  const text = addressOption(network, family === 4 ? bridgeOption.sourceAddress4 : bridgeOption.sourceAddress6);
  if (text !== "" && text.includes(":") !== (family === 6)) throw invalid(`invalid IPv${family} address: ${text}`);
  return text;
}

/** An address in normal form, so that it can be compared; empty where the option is not given. */
export function addressOption(network: NetworkRecord, option: string): string {
  const text = network.Options[option] ?? "";
  const ip = parseIp(text);
  if (text !== "" && !ip) throw unparsable(option, text, "nil ip");
  return ip ? formatIp(ip) : "";
}

/** Interfaces of the host by which the containers' own addresses may be reached, where a port is published. */
export function trustedInterfaces(network: NetworkRecord): string[] {
  return (network.Options[bridgeOption.trusted] ?? "").split(":").filter(isInterfaceName);
}

/** A name that the kernel accepts for an interface and that nft does not read as a pattern. */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:"*\\]{1,15}$/.test(name) && name !== "." && name !== "..";
}

/** 0 where no MTU is given. */
export function mtuOption(options: Record<string, string>): number {
  const value = options[bridgeOption.mtu] ?? "";
  if (value === "") return 0;
  if (!/^[-+]?\d+$/.test(value)) {
    throw unparsable(bridgeOption.mtu, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  if (Number(value) < 0) throw invalid(`invalid MTU number: ${value}`);
  // As the kernel would say.
  if (Number(value) > 65535) throw internal("invalid argument");
  return Number(value);
}

/** Name of the kernel's bridge behind a network. */
export function bridgeName(network: NetworkRecord): string {
  return network.Options[bridgeOption.name] || `br-${network.Id.slice(0, 12)}`;
}

/** Whether this is the predefined network `bridge`, told by its option `com.docker.network.bridge.default_bridge`. */
export const isDefaultBridge = (network: NetworkRecord): boolean =>
  network.Options[bridgeOption.defaultBridge] === "true";
