import { pluginNetworkDriver } from "../plugin/driver.ts";
import { bridge } from "./bridge/bridge.ts";
import type { NetworkDrivers } from "./driver.ts";
import { host, none } from "./interfaceless.ts";
import { ipvlan } from "./ipvlan.ts";
import { macvlan } from "./macvlan.ts";
import { overlay } from "./overlay.ts";

/** The drivers that come with the engine, and those of plugins. */
export function networkDrivers(): NetworkDrivers {
  return {
    builtin: new Map([bridge, host, ipvlan, macvlan, none, overlay].map((driver) => [driver.name, driver])),
    plugin: pluginNetworkDriver,
  };
}
