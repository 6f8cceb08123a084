import { invalid } from "../lib/errors.ts";
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
} as const;

/** Go's idea of a boolean; `fallback` where the option is not given. */
export function booleanOption(options: Record<string, string>, name: string, fallback: boolean): boolean {
  const value = options[name];
  if (value === undefined || value === "") return fallback;
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(`failed to parse ${name} value: "${value}" (strconv.ParseBool: parsing "${value}": invalid syntax)`);
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
