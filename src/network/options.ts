import { invalid } from "../lib/errors.ts";
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
} as const;

/** Go's idea of a boolean; `fallback` where the option is not given. */
export function booleanOption(options: Record<string, string>, name: string, fallback: boolean): boolean {
  const value = options[name];
  if (value === undefined || value === "") return fallback;
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(`failed to parse ${name} value: "${value}" (strconv.ParseBool: parsing "${value}": invalid syntax)`);
}

/**
 * How a bridge network meets the rest of the world. `nat`: behind the host's address, published ports only;
 * `nat-unprotected`: also straight to every port of a container, for who has a route; `routed`: nothing is translated,
 * published ports are open at the container's own address; `isolated`: the host itself has no address on the bridge.
 */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

export function gatewayMode(network: NetworkRecord, family: 4 | 6): GatewayMode {
  const mode = network.Options[family === 4 ? bridgeOption.gatewayMode4 : bridgeOption.gatewayMode6] || "nat";
  if (mode === "isolated" && !network.Internal) throw invalid("gateway mode 'isolated' can only be used for an internal network");
  if (mode === "nat" || mode === "nat-unprotected" || mode === "routed" || mode === "isolated") return mode;
  throw invalid(`unknown gateway mode ${mode}`);
}

/** The host's address that containers leave under; empty: that of the way out. */
export function sourceAddress(network: NetworkRecord, family: 4 | 6): string {
  const text = network.Options[family === 4 ? bridgeOption.sourceAddress4 : bridgeOption.sourceAddress6] ?? "";
  const ip = parseIp(text);
  if (text !== "" && ip?.family !== family) throw invalid(`invalid IPv${family} address: ${text}`);
  return ip ? formatIp(ip) : "";
}

/** 0 where no MTU is given. */
export function mtuOption(options: Record<string, string>): number {
  const value = options[bridgeOption.mtu] ?? "";
  if (value === "") return 0;
  if (!/^\d+$/.test(value) || Number(value) > 65535) throw invalid(`failed to parse ${bridgeOption.mtu} value: "${value}"`);
  return Number(value);
}

/** Name of the kernel's bridge behind a network. */
export function bridgeName(network: NetworkRecord): string {
  return network.Options[bridgeOption.name] || `br-${network.Id.slice(0, 12)}`;
}

export const isDefaultBridge = (network: NetworkRecord): boolean => network.Options[bridgeOption.defaultBridge] === "true";

/** Networks of a user's making answer names and take addresses and aliases; the predefined ones do not. */
export const isUserDefined = (network: NetworkRecord): boolean =>
  !isDefaultBridge(network) && network.Driver !== "host" && network.Driver !== "null";
