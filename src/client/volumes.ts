/** `/volumes/*`. */
import type { ClusterVolumeSpec } from "../api/types/swarm.ts";
import type { Volume, VolumeCreateRequest, VolumeListResponse } from "../api/types/volume.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";

const at = (volume: string) => `/volumes/${pathPart("volume", volume)}`;

/** Volumes that the filters let through, in `Volumes`, and what the engine has to warn of, in `Warnings`. */
export function listVolumes(client: Client, filters?: Filters): Promise<VolumeListResponse> {
  return client.json("GET", "/volumes", { query: { filters: filtersJson(filters) } });
}

/**
 * Everything about one volume, as the JSON text that the engine sent. Throws {@link ApiError} (404) if there is none.
 */
export function inspectVolumeRaw(client: Client, volume: string): Promise<string> {
  return client.text("GET", at(volume));
}

/** Makes a volume, or answers the one of that name. Without `Name` the engine makes one up. */
export function createVolume(client: Client, body: VolumeCreateRequest): Promise<Volume> {
  return client.json("POST", "/volumes/create", { json: body });
}

/** Deletes a volume. Throws {@link ApiError} (409) while a container has it; `force`: a missing one is no error. */
export async function removeVolume(client: Client, volume: string, force = false): Promise<void> {
  await client.text("DELETE", at(volume), { query: { force } });
}

/**
 * Deletes volumes that no container has: anonymous ones, unless a filter says `all`. Names of them (null: none), bytes.
 */
export function pruneVolumes(
  client: Client,
  filters?: Filters,
): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
  return client.json("POST", "/volumes/prune", { query: { filters: filtersJson(filters) } });
}

/** Cluster volumes only; `version` is the one that the change is based on. */
export async function updateVolume(
  client: Client,
  volume: string,
  version: number,
  spec: ClusterVolumeSpec,
): Promise<void> {
  await client.text("PUT", at(volume), { query: { version }, json: { Spec: spec } });
}
