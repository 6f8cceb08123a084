import type { Filters } from "../api/filters.ts";
import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** Anonymous volumes only, all with the filter `all=true`. */
export async function pruneVolumes(_ctx: VolumeContext, filters?: Filters): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
  throw notImplemented("not implemented yet");
}
