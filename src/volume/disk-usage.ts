import type { VolumesDiskUsage } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function volumesDiskUsage(_ctx: VolumeContext): Promise<VolumesDiskUsage> {
  throw notImplemented("not implemented yet");
}
