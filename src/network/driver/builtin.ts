import { bridge } from "./bridge/bridge.ts";
import type { NetworkDrivers } from "./driver.ts";
import { host, none } from "./interfaceless.ts";
import { ipvlan } from "./ipvlan.ts";
import { macvlan } from "./macvlan.ts";

/** The drivers that come with the engine. */
export function builtinNetworkDrivers(): NetworkDrivers {
  return new Map([bridge, host, ipvlan, macvlan, none].map((driver) => [driver.name, driver]));
}
