import { parseIp } from "../../lib/ip.ts";
import { textOf } from "../../plugin/answer.ts";
import type { Plugins } from "../../plugin/plugins.ts";
import type { NetworkDriver } from "../driver/driver.ts";
import { deleteInside } from "../driver/withdraw.ts";
import { ask } from "./ask.ts";

/**
 * A driver that is a program of its own, whether it is there at the moment or not. It is told of networks and endpoints
 * by the files beside this one; the engine itself makes nothing for it but to put interfaces where they belong.
 */
export function pluginNetworkDriver(name: string): NetworkDriver {
  return {
    name,
    plugin: true,
    onlyNetwork: null,
    gives: "interface",
    macAddresses: false,
    publishesPorts: false,
    forwards: false,
    validate: () => {},
    wantsGateway: () => true,
    ensure: () => {},
    remove: () => {},
    attach: () => {},
    publish: () => {},
    ready: () => true,
    detach: () => {},
    withdraw: deleteInside,
    gateways: (_network, endpoint) => ({
      v4: parseIp(endpoint?.plugin?.gateway ?? ""),
      v6: parseIp(endpoint?.plugin?.gateway6 ?? ""),
    }),
    firewall: () => null,
    interfacePrefix: () => "eth",
    hostLink: () => null,
    compare: () => [],
    compareEndpoint: () => [],
  };
}

/** Whether networks of the plugin are this machine's alone. Throws `not-found` where there is no such plugin. */
export async function scopeOf(plugins: Plugins, name: string): Promise<"local" | "global"> {
  const scope = textOf(await ask(plugins, name, "NetworkDriver.GetCapabilities"), "Scope");
  if (scope === "local" || scope === "global") return scope;
  throw new Error(`invalid capability: expecting 'local' or 'global', got ${scope}`);
}
