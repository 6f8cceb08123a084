import type { Volume } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { describeVolume, getVolume } from "./describe.ts";

export async function inspectVolume(ctx: VolumeContext, name: string): Promise<Volume> {
  return describeVolume(ctx, getVolume(ctx, name));
}
