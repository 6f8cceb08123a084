import type { NetworkRecord } from "../record.ts";
import type { DriverDeps } from "./driver.ts";

/** The alias of the network's links on the host, by which the engine, and people who list the links, know them. */
export function alias(deps: DriverDeps, network: NetworkRecord): string {
  return `berth-${deps.instance}/${network.Id}`;
}
