import type { VolumeDeps } from "./deps.ts";
import type { VolumeOptions } from "./driver/driver.ts";

/** Of a volume's options what a copy of it, by the driver `local`, keeps: its size limit, where there can be one. */
export async function limitOf(
  deps: VolumeDeps,
  options: VolumeOptions | null | undefined,
): Promise<Record<string, string> | null> {
  const size = options?.["size"];
  return size !== undefined && (await deps.drivers.find("local")).limitsSize ? { size } : null;
}
