import type { Volume } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function inspectVolume(_ctx: VolumeContext, name: string): Promise<Volume> {
  throw notImplemented("not implemented yet");
}
