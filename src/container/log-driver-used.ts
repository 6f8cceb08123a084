import type { Store } from "../store/store.ts";
import { runningContainers } from "./table.ts";

/** Whether a container that runs sends its log to the driver. */
export function logDriverUsed(store: Store, driver: string): boolean {
  return runningContainers(store).some(({ spec }) => spec.hostConfig.LogConfig?.Type === driver);
}
