import { existsSync, readFileSync } from "node:fs";
import { findLink } from "../../../linux/netlink/find-link.ts";
import { changePort } from "../../../linux/netlink/link.ts";
import { booleanOption, bridgeOption } from "../../options.ts";
import type { NetworkRecord } from "../../record.ts";
import type { DriverDeps } from "../driver.ts";

/**
 * Sets what the bridge lets pass at the port of the host's link `host`. `again`: it may have been set otherwise before.
 */
export function adjustPort(
  deps: DriverDeps,
  network: NetworkRecord,
  host: string,
  published: boolean,
  again: boolean,
): void {
  const apart = !booleanOption(network.Options, bridgeOption.icc, true);
  // Where bridged packets pass the firewall, it keeps containers apart; otherwise the bridge itself has to. The bridge
  // would also cut the way from one to the other's published ports.
  const isolated = apart && !canFilterBridged();
  // Where bridged packets pass the firewall, a container that meets itself through its published port comes back
  // out of the port it came in by. On a cluster's ingress network any container may have a port.
  const hairpin = (published || network.Ingress) && (bridgedPacketsAreFiltered() || (apart && !isolated));
  const link = isolated || hairpin || again ? findLink(deps.live.route, host) : null;
  if (link) deps.live.route.request([changePort(link.index, { isolated, hairpin })], `set port ${host}`);
}

/** The kernel has br_netfilter. */
export function canFilterBridged(): boolean {
  return existsSync("/proc/sys/net/bridge");
}

/** It is on for every bridge. */
function bridgedPacketsAreFiltered(): boolean {
  try {
    return readFileSync("/proc/sys/net/bridge/bridge-nf-call-iptables", "utf8").trim() === "1";
  } catch {
    return false;
  }
}
