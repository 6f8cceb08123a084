import type { Store } from "../store/store.ts";
import { hasVolumeOf } from "./table.ts";

/** Whether a volume names the driver. */
export function volumeDriverUsed(store: Store, driver: string): boolean {
  return hasVolumeOf(store, driver);
}
