import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { errorMessage } from "../lib/errors.ts";
import { sysctlPath } from "../linux/namespace.ts";
import type { NetworkContext } from "./context.ts";
import { allNetworks } from "./table.ts";

/** Lets the machine route between networks, as far as the networks there are need it. */
export function enableForwarding(ctx: NetworkContext): void {
  if (!ctx.ipForward) return;
  const bridges = allNetworks(ctx.store).filter((network) => network.Driver === "bridge");
  try {
    if (bridges.some((network) => network.EnableIPv4)) turnOn("net/ipv4/ip_forward");
    if (bridges.some((network) => network.EnableIPv6) && read("net/ipv6/conf/all/forwarding") === "0") {
      keepAcceptingRouters();
      turnOn("net/ipv6/conf/all/forwarding");
    }
  } catch (error) {
    ctx.log.warn("IP forwarding could not be turned on: containers will not reach beyond this machine", { error: errorMessage(error) });
  }
}

/** A machine that forwards IPv6 stops listening to router advertisements, and loses its own default route, unless told. */
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
