import type { SizeLimits } from "../../linux/size-limits.ts";
import type { VolumeDriver } from "./driver.ts";
import { localDriver } from "./local.ts";

/** The drivers that come with the engine, by name. `root`: `<data root>/volumes`; `limits`: of directories there. */
export function builtinVolumeDrivers(root: string, limits?: SizeLimits): ReadonlyMap<string, VolumeDriver> {
  return new Map([localDriver(root, limits)].map((driver) => [driver.name, driver]));
}
