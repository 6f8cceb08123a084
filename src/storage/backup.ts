import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProgressEvent } from "../api/progress.ts";
import type { VolumeBackupRequest } from "../api/types/volume.ts";
import { Lease } from "../image/collect/lease.ts";
import type { RegistryCredentials } from "../image/remote/credentials.ts";
import { endpoints } from "../image/remote/endpoints.ts";
import { onEndpoint } from "../image/remote/on-endpoint.ts";
import { pushManifest } from "../image/remote/push.ts";
import { invalid } from "../lib/errors.ts";
import { told } from "../lib/event-queue.ts";
import { rfc3339Seconds } from "../lib/rfc3339.ts";
import { digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { familiarName, familiarString, parseReference, withDefaultTag } from "../oci/reference.ts";
import { getVolume } from "../volume/describe.ts";
import { useVolume } from "../volume/use.ts";
import type { StorageDeps } from "./deps.ts";
import { holdUsersStill } from "./hold-still.ts";
import { encodeVolumeManifest, type VolumeConfig, volumeConfigType } from "./volume-artifact.ts";

/**
 * Sends a volume to a registry, as an artifact of its own kind (volume-artifact.ts), and tells how it goes. With
 * `Pause` (the default) running containers that have the volume stand still while it is packed, not while it is sent.
 */
export function backupVolume(
  deps: StorageDeps,
  name: string,
  { Reference, Pause }: VolumeBackupRequest,
  { auth, signal }: { auth?: RegistryCredentials; signal: AbortSignal },
): AsyncGenerator<ProgressEvent> {
  const ref = withDefaultTag(parseReference(Reference ?? ""));
  if (ref.digest !== undefined) throw invalid("cannot push a digest reference");
  const volume = getVolume(deps.volumes, name);
  return told<ProgressEvent>(async (tell, signal) => {
    tell({ status: `The backup of ${name} goes to [${familiarName(ref)}]` });
    await using lease = new Lease(deps.images);
    const backedUp = rfc3339Seconds(new Date());
    const { driver, labels, options, created } = volume;
    const config = await putConfig(deps, { name, driver, labels, options, created, backedUp }, lease);
    const layer = await packContent(deps, name, { pause: Pause ?? true, lease, signal });
    const content = encodeVolumeManifest(config, layer, {
      "org.opencontainers.image.title": name,
      "org.opencontainers.image.created": backedUp,
    });
    const manifest = {
      content,
      mediaType: mediaTypes.ociManifest,
      tag: ref.tag ?? "latest",
      below: [{ blobs: [config, layer] }],
    };
    await onEndpoint(deps.remote, endpoints(ref.domain, deps.remote.config(), "push"), auth, (client) =>
      pushManifest(deps.remote, client, ref, manifest, tell, signal),
    );
    const digest = digestOf(content);
    deps.volumes.events.publish("volume", "backup", {
      ID: name,
      Attributes: { driver, reference: familiarString(ref), digest },
    });
    tell({ status: `${ref.tag}: digest: ${digest} size: ${content.length}` });
    tell({ progressDetail: {}, aux: { Tag: ref.tag, Digest: digest, Size: content.length } });
  }, signal);
}

async function putConfig({ images }: StorageDeps, config: VolumeConfig, lease: Lease): Promise<Descriptor> {
  const content = Buffer.from(JSON.stringify(config));
  lease.add("blob", digestOf(content));
  return { mediaType: volumeConfigType, digest: await images.blobs.put(content), size: content.length };
}

/** The volume's content as a blob that the lease holds. */
async function packContent(
  deps: StorageDeps,
  name: string,
  { pause, lease, signal }: { pause: boolean; lease: Lease; signal: AbortSignal },
): Promise<Descriptor> {
  const { archiver, blobs, paths } = deps.images;
  await using used = await useVolume(deps.volumes, name);
  const file = join(paths.tmp, "images", `volume-${crypto.randomUUID()}`);
  try {
    await using still = new AsyncDisposableStack();
    if (pause) still.use(await holdUsersStill(deps, name));
    const options = { exact: true, rootName: ".", compression: "zstd" } as const;
    const { digest, written } = await archiver.packToFile(used.path, file, options, signal);
    lease.add("blob", digest);
    await blobs.adopt(digest, file);
    return { mediaType: mediaTypes.ociLayerZstd, digest, size: written };
  } finally {
    await rm(file, { force: true });
  }
}
