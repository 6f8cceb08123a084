import type { Volume } from "../api/types/volume.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume, getVolume } from "./describe.ts";

/** A volume as `GET /volumes/{name}` answers it. Throws `not-found`. */
export async function inspectVolume(deps: VolumeDeps, name: string): Promise<Volume> {
  return await describeVolume(deps, getVolume(deps, name));
}
