import type { Store } from "../store/store.ts";
import { allNetworks } from "./table.ts";

/** Whether a network names the driver, or has its addresses from it. */
export function networkDriverUsed(store: Store, driver: string): boolean {
  return allNetworks(store).some((network) => network.Driver === driver || network.IPAM.Driver === driver);
}
