import type { ClusterVolumeSpec } from "../api/types/swarm.ts";
import type { VolumeContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function updateVolume(_ctx: VolumeContext, name: string, request: { version: number; Spec?: ClusterVolumeSpec | null }): Promise<void> {
  throw notImplemented("not implemented yet");
}
