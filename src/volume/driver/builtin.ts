import type { VolumeDriver } from "./driver.ts";
import { localDriver } from "./local.ts";

/** The drivers that come with the engine, by name. `root`: `<data root>/volumes`. */
export function builtinVolumeDrivers(root: string): ReadonlyMap<string, VolumeDriver> {
  return new Map([localDriver(root)].map((driver) => [driver.name, driver]));
}
