/** `/volumes/*`. */
import type { ClusterVolumeSpec } from "../api/types/swarm.ts";
import type { Volume, VolumeCreateRequest, VolumeListResponse } from "../api/types/volume.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

const at = (volume: string) => `/volumes/${pathPart("volume", volume)}`;

export function listVolumes(client: Client, filters?: Filters): Promise<VolumeListResponse> {
  return client.json("GET", "/volumes", { query: { filters: filtersJson(filters) } });
}

/** The engine's own JSON text. */
export function inspectVolumeRaw(client: Client, volume: string): Promise<string> {
  return client.text("GET", at(volume));
}

export function createVolume(client: Client, body: VolumeCreateRequest): Promise<Volume> {
  return client.json("POST", "/volumes/create", { json: body });
}

export async function removeVolume(client: Client, volume: string, force = false): Promise<void> {
  await client.text("DELETE", at(volume), { query: { force } });
}

export function pruneVolumes(client: Client, filters?: Filters): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
  return client.json("POST", "/volumes/prune", { query: { filters: filtersJson(filters) } });
}

/** Cluster volumes only; `version` is the one that the change is based on. */
export async function updateVolume(client: Client, volume: string, version: number, spec: ClusterVolumeSpec): Promise<void> {
  await client.text("PUT", at(volume), { query: { version }, json: { Spec: spec } });
}
