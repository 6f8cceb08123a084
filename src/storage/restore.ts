import type { ProgressEvent } from "../api/progress.ts";
import type { VolumeRestoreRequest } from "../api/types/volume.ts";
import { Lease } from "../image/collect/lease.ts";
import type { RegistryCredentials } from "../image/remote/credentials.ts";
import { endpoints } from "../image/remote/endpoints.ts";
import { fetchBlob } from "../image/remote/fetch-blob.ts";
import { fetchManifest } from "../image/remote/fetch-manifest.ts";
import { onEndpoint } from "../image/remote/on-endpoint.ts";
import { conflict, invalid } from "../lib/errors.ts";
import { told } from "../lib/event-queue.ts";
import { shortId } from "../lib/ids.ts";
import type { Descriptor } from "../oci/image.ts";
import { parseManifest } from "../oci/parse.ts";
import { familiarString, parseReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import { anonymousLabel } from "../volume/create.ts";
import { inspectVolume } from "../volume/inspect.ts";
import { limitOf } from "../volume/limit.ts";
import { hasVolume, takeVolume } from "../volume/take.ts";
import { unpackVolume } from "./archive.ts";
import type { StorageDeps } from "./deps.ts";
import { decodeVolumeConfig, type VolumeConfig, volumeParts } from "./volume-artifact.ts";

type Tell = (event: ProgressEvent, key?: string) => void;

/**
 * Makes a volume of a backup in a registry, and tells how it goes; the last event's `aux` is the volume. Every digest
 * is checked before anything is unpacked. Fails with `conflict` where the name is taken, with `invalid` where the
 * reference is no backup.
 */
export function restoreVolume(
  deps: StorageDeps,
  { Reference, Name, Labels }: VolumeRestoreRequest,
  { auth, signal }: { auth?: RegistryCredentials; signal: AbortSignal },
): AsyncGenerator<ProgressEvent> {
  const ref = withDefaultTag(parseReference(Reference ?? ""));
  requireFree(deps, Name);
  return told<ProgressEvent>(async (tell, signal) => {
    await using lease = new Lease(deps.images);
    const { config, file } = await fetchBackup(deps, ref, auth, lease, tell, signal);
    const name = Name || config.name;
    if (!name) throw invalid("the backup does not name its volume: give it a name");
    requireFree(deps, name);
    tell({ status: `Unpacking into ${name}` });
    const { [anonymousLabel]: _, ...labels } = { ...config.labels, ...Labels };
    await takeVolume(
      deps.volumes,
      { name, driver: "local", labels, options: await limitOf(deps.volumes, config.options) },
      {
        kind: "filled",
        from: familiarString(ref),
        fill: (directory) => unpackVolume(deps, { file }, directory, signal),
      },
    );
    tell({ progressDetail: {}, aux: await inspectVolume(deps.volumes, name) });
  }, signal);
}

function requireFree(deps: StorageDeps, name: string | null | undefined): void {
  if (name && hasVolume(deps.volumes, name)) throw conflict(`a volume with the name ${name} exists already`);
}

/** Brings configuration and content into the store, where the lease holds them. */
async function fetchBackup(
  { images, remote }: StorageDeps,
  ref: Reference,
  auth: RegistryCredentials | undefined,
  lease: Lease,
  tell: Tell,
  signal: AbortSignal,
): Promise<{ config: VolumeConfig; file: string }> {
  return onEndpoint(remote, endpoints(ref.domain, remote.config(), "pull"), auth, async (client) => {
    const repository = client.repository(ref.path);
    const fetched = await fetchManifest(client, repository, ref.digest ?? ref.tag ?? "latest", signal);
    const { config, layer } = volumeParts(parseManifest(fetched.bytes, fetched.mediaType), familiarString(ref));
    tell({ status: `Restoring from ${ref.path}`, id: ref.tag ?? shortId(fetched.digest) });
    const bring = async (blob: Descriptor) => {
      lease.add("blob", blob.digest);
      const id = shortId(blob.digest);
      await fetchBlob(client, repository, blob, images.blobs, {
        attempts: remote.attempts,
        signal,
        progress: (current) => tell({ status: "Downloading", progressDetail: { current, total: blob.size }, id }, id),
      });
      tell({ status: "Download complete", progressDetail: {}, id });
    };
    await bring(config);
    await bring(layer);
    return {
      config: decodeVolumeConfig(await images.blobs.read(config.digest)),
      file: images.blobs.path(layer.digest),
    };
  });
}
