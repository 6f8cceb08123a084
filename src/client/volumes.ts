/** `/volumes/*`. */

import type { ProgressEvent } from "../api/progress.ts";
import type { ClusterVolumeSpec } from "../api/types/swarm.ts";
import type {
  Volume,
  VolumeBackupRequest,
  VolumeCloneRequest,
  VolumeCopyRequest,
  VolumeCreateRequest,
  VolumeListResponse,
  VolumeRestoreRequest,
} from "../api/types/volume.ts";
import type { Answer, Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { progress } from "./progress.ts";
import { filtersJson } from "./query.ts";

const at = (volume: string) => `/volumes/${pathPart("volume", volume)}`;
const own = (volume: string, rest: string) => `/berth/volumes/${pathPart("volume", volume)}${rest}`;

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

/** The engine's own: gives a volume that no container has another name. */
export async function renameVolume(client: Client, volume: string, newName: string): Promise<void> {
  await client.text("POST", own(volume, "/rename"), { query: { name: newName } });
}

/** The engine's own: makes a volume with the content of another one. */
export function cloneVolume(client: Client, volume: string, body: VolumeCloneRequest): Promise<Volume> {
  return client.json("POST", own(volume, "/clone"), { json: body });
}

/** The engine's own: copies files of one volume into a directory of another one. */
export async function copyVolumeFiles(client: Client, volume: string, body: VolumeCopyRequest): Promise<void> {
  await client.text("POST", own(volume, "/copy"), { json: body });
}

/** The engine's own: the body is a tar archive of the volume's content. */
export function exportVolume(client: Client, volume: string): Promise<Answer> {
  return client.stream("GET", own(volume, "/export"));
}

/** The engine's own: makes a volume of a tar archive. */
export function importVolume(
  client: Client,
  { name, labels, options }: { name: string; labels: Record<string, string>; options: Record<string, string> },
  archive: AsyncIterable<Uint8Array>,
): Promise<Volume> {
  return client.json("POST", "/berth/volumes/import", {
    query: { name, labels: JSON.stringify(labels), driverOpts: JSON.stringify(options) },
    headers: { "Content-Type": "application/x-tar" },
    body: archive,
  });
}

/** The engine's own: sends a volume to a registry and yields its progress. `registryAuth`: base64 JSON. */
export function backupVolume(
  client: Client,
  volume: string,
  body: VolumeBackupRequest,
  registryAuth: string,
): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", own(volume, "/backup"), { json: body, headers: { "X-Registry-Auth": registryAuth } });
}

/** The engine's own: makes a volume of a backup and yields its progress; the last `aux` is the {@link Volume}. */
export function restoreVolume(
  client: Client,
  body: VolumeRestoreRequest,
  registryAuth: string,
): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", "/berth/volumes/restore", {
    json: body,
    headers: { "X-Registry-Auth": registryAuth },
  });
}
