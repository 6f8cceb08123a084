import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { errorMessage } from "../lib/errors.ts";
import { sysctlPath } from "../linux/namespace.ts";
import type { NetworkDeps } from "./deps.ts";
import { driverOf } from "./driver/driver.ts";
import { allNetworks } from "./table.ts";

/** Settings of the machine that its networks need, by their names. */
export function forwardingSysctls(deps: NetworkDeps): string[] {
  if (!deps.ipForward) return [];
  const forwarded = allNetworks(deps.store).filter((network) => driverOf(deps, network).forwards);
  return [
    ...(forwarded.some((network) => network.EnableIPv4) ? ["net/ipv4/ip_forward"] : []),
    ...(forwarded.some((network) => network.EnableIPv6) ? ["net/ipv6/conf/all/forwarding"] : []),
  ];
}

/** Lets the machine route between networks, as far as its present networks need it. */
export function enableForwarding(deps: NetworkDeps): void {
  try {
    for (const name of forwardingSysctls(deps)) {
      if (name.startsWith("net/ipv6") && read(name) === "0") keepAcceptingRouters();
      turnOn(name);
    }
  } catch (error) {
    deps.log.warn("IP forwarding could not be turned on: containers will not reach beyond this machine", {
      error: errorMessage(error),
    });
  }
}

/**
 * A machine that forwards IPv6 stops listening to router advertisements, and loses its own default route, unless told.
 */
function keepAcceptingRouters(): void {
  for (const link of readdirSync(sysctlPath("net/ipv6/conf/"))) {
    const name = `net/ipv6/conf/${link}/accept_ra`;
    if (read(name) === "1") writeFileSync(sysctlPath(name), "2");
  }
}

function turnOn(name: string): void {
  if (read(name) !== "1") writeFileSync(sysctlPath(name), "1");
}

function read(name: string): string {
  return readFileSync(sysctlPath(name), "utf8").trim();
}
