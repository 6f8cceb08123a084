import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

/** Idempotent by name; `anonymous` marks one made for a container. */
export async function createVolume(_ctx: VolumeContext, request: VolumeCreateRequest, options: { anonymous?: boolean } = {}): Promise<Volume> {
  throw notImplemented("not implemented yet");
}
