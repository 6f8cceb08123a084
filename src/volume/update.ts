import type { ClusterVolumeSpec } from "../api/types/swarm.ts";
import { unavailable } from "../lib/errors.ts";
import type { VolumeContext } from "./context.ts";

/** Only volumes of a cluster can be updated. */
export async function updateVolume(_ctx: VolumeContext, _name: string, _request: { version: number; Spec?: ClusterVolumeSpec | null }): Promise<void> {
  throw unavailable("volume update only valid for cluster volumes, but swarm is unavailable");
}
