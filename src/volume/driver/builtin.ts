import type { VolumeDrivers } from "./driver.ts";
import { localDriver } from "./local.ts";

/** The drivers that come with the engine. `root`: `<data root>/volumes`. */
export function builtinVolumeDrivers(root: string): VolumeDrivers {
  return new Map([localDriver(root)].map((driver) => [driver.name, driver]));
}
