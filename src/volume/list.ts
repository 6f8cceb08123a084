import type { Filters } from "../api/filters.ts";
import type { VolumeListResponse } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function listVolumes(_ctx: VolumeContext, filters?: Filters): Promise<VolumeListResponse> {
  throw notImplemented("not implemented yet");
}
