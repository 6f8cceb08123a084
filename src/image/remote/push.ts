import type { ProgressEvent } from "../../api/progress.ts";
import { invalid, notFound } from "../../lib/errors.ts";
import { told } from "../../lib/event-queue.ts";
import { shortId } from "../../lib/ids.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest, Platform } from "../../oci/image.ts";
import { compressionOf, mediaTypes } from "../../oci/media-types.ts";
import { parseManifest } from "../../oci/parse.ts";
import {
  familiarName,
  familiarString,
  fullString,
  parseReference,
  type Reference,
  repositoryOf,
  retagged,
  withDefaultTag,
} from "../../oci/reference.ts";
import { Lease } from "../collect/lease.ts";
import { indexOfName } from "../index/index-table.ts";
import { type WholeIndex, wholeIndex } from "../index/whole-index.ts";
import { layerArchive } from "../layer/layer-archive.ts";
import { addBlobSource, blobSources } from "../layer-table.ts";
import type { ImageRecord } from "../record.ts";
import { resolveImage } from "../resolve.ts";
import { allNames, nameRow } from "../table.ts";
import { publishImageEvent, putImageDigest } from "../tag.ts";
import type { RegistryClient } from "./client.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { RemoteDeps } from "./deps.ts";
import { endpoints } from "./endpoints.ts";
import { pushScope } from "./fetch-manifest.ts";
import { onEndpoint } from "./on-endpoint.ts";
import { pushBlob } from "./push-blob.ts";

/** What `docker push` asks for: one tag, or with `allTags` every tag of the repository that is here. */
export interface PushRequest {
  /** Repository, with or without a tag. */
  reference: string;
  tag?: string;
  allTags: boolean;
  /** Only this of a tag's platforms, as an image alone. */
  platform?: Platform;
  auth?: RegistryCredentials;
  /** How layers made here are compressed, where that was not done before. */
  compression?: "gzip" | "zstd";
  signal?: AbortSignal;
}

type Tell = (event: ProgressEvent, key?: string) => void;

/**
 * `docker push`: sends what the registry lacks of one tag, or of all tags of a repository; of a tag for several
 * platforms all of them.
 */
export function pushImage(deps: RemoteDeps, request: PushRequest): AsyncGenerator<ProgressEvent> {
  const parsed = parseReference(request.tag ? retagged(request.reference, request.tag) : request.reference);
  if (parsed.digest !== undefined) throw invalid("cannot push a digest reference");
  return told<ProgressEvent>(async (tell, signal) => {
    tell({
      status:
        "The push refers to repository " +
        `[${parsed.domain === "docker.io" ? `docker.io/${parsed.path}` : familiarName(parsed)}]`,
    });
    const known = tagsOf(deps, parsed);
    for (const ref of request.allTags && parsed.tag === undefined ? known : [withDefaultTag(parsed)]) {
      const image = localImage(deps, ref, request.platform);
      const digest = request.platform ? undefined : indexOfName(deps.images.store, fullString(ref));
      const index = digest === undefined ? undefined : await wholeIndex(deps.images, digest);
      const pushed = await onEndpoint(deps, endpoints(ref.domain, deps.config(), "push"), request.auth, (client) =>
        index
          ? pushIndex(deps, client, ref, index, tell, signal)
          : pushReference(deps, client, ref, image, request, tell, signal),
      );
      putImageDigest(deps.images, image.id, ref, pushed.digest);
      publishImageEvent(deps.images, "push", image.id, familiarString(ref));
      tell({ status: `${ref.tag}: digest: ${pushed.digest} size: ${pushed.size}` });
      tell({ progressDetail: {}, aux: { Tag: ref.tag, Digest: pushed.digest, Size: pushed.size } });
    }
  }, request.signal);
}

function localImage(deps: RemoteDeps, ref: Reference, platform: Platform | undefined): ImageRecord {
  try {
    return resolveImage(deps.images, fullString(ref), platform ? { platform } : {});
  } catch (cause) {
    if (nameRow(deps.images.store, fullString(ref))) throw cause;
    throw notFound(`tag does not exist: ${familiarString(ref)}`, cause);
  }
}

/** The tags of a repository that are here. Throws not-found where there is none. */
function tagsOf(deps: RemoteDeps, ref: Reference): Reference[] {
  const found = allNames(deps.images.store)
    .filter((name) => name.kind === "tag" && name.repository === repositoryOf(ref))
    .map((name) => parseReference(name.name));
  if (found.length === 0) throw notFound(`An image does not exist locally with the tag: ${familiarName(ref)}`);
  return found;
}

async function pushReference(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  image: ImageRecord,
  request: PushRequest,
  tell: Tell,
  signal: AbortSignal,
): Promise<{ digest: string; size: number }> {
  await using lease = new Lease(deps.images);
  for (const diffId of image.diffIds.toReversed())
    tell({ status: "Preparing", progressDetail: {}, id: shortId(diffId) });
  const original = await originalManifest(deps, image);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const layers = image.chainIds.map(async (_, index) => {
    const diffId = image.diffIds[index] ?? "";
    try {
      const descriptor =
        original?.manifest.layers[index] ??
        (await layerArchive(deps.images, image.chainIds.slice(0, index + 1), {
          compression: request.compression ?? client.endpoint.compression ?? "gzip",
          lease,
          signal: either,
        }));
      await pushLayer(deps, client, ref, descriptor, shortId(diffId), tell, either);
      return descriptor;
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(layers);
  if (failure.signal.aborted && !signal.aborted) throw failure.signal.reason;
  const descriptors = await Promise.all(layers);

  const config = original?.manifest.config ?? {
    digest: image.id,
    size: deps.images.blobs.size(image.id) ?? 0,
    mediaType: mediaTypes.dockerConfig,
  };
  await pushOne(deps, client, ref, config, () => {}, signal);
  const { bytes, mediaType } = original ?? makeManifest(config.digest, config.size, descriptors);
  const digest = digestOf(bytes);
  await client.call(`/v2/${ref.path}/manifests/${ref.tag ?? digest}`, pushScope(ref.path), {
    method: "PUT",
    body: bytes,
    headers: { "content-type": mediaType },
    signal,
  });
  return { digest, size: bytes.length };
}

/** Everything as it is here: the content of each manifest, the manifest, at last the index under the tag. */
async function pushIndex(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  whole: WholeIndex,
  tell: Tell,
  signal: AbortSignal,
): Promise<{ digest: string; size: number }> {
  await using lease = new Lease(deps.images);
  for (const { digest } of whole.blobs) lease.add("blob", digest);
  await pushManifest(
    deps,
    client,
    ref,
    {
      content: await deps.images.blobs.read(whole.digest),
      mediaType: whole.mediaType,
      tag: ref.tag ?? whole.digest,
      below: whole.manifests,
    },
    tell,
    signal,
  );
  return { digest: whole.digest, size: whole.size };
}

/** A manifest that is pushed, with all that it names. */
export interface PushedManifest {
  content: Uint8Array;
  mediaType: string;
  /** Or a digest. */
  tag: string;
  /** The manifests that it names (without a descriptor: itself), each with its blobs. */
  below: readonly { descriptor?: Descriptor; blobs: readonly Descriptor[] }[];
}

/** A manifest, after the manifests that it names and all blobs of these, each sent once. */
export async function pushManifest(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  manifest: PushedManifest,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const blobs = manifest.below.flatMap((each) => each.blobs);
  await pushBlobs(deps, client, ref, blobs, tell, signal);
  await putManifests(deps, client, ref, manifest, signal);
}

/** The first half of {@link pushManifest}: what manifests name. */
export async function pushBlobs(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  named: readonly Descriptor[],
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const blobs = new Map(named.map((blob) => [blob.digest, blob]));
  for (const digest of blobs.keys()) tell({ status: "Preparing", progressDetail: {}, id: shortId(digest) });
  const sent = await Promise.allSettled(
    [...blobs.values()].map((blob) =>
      pushLayer(deps, client, ref, blob, shortId(blob.digest), tell, either).catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
    ),
  );
  if (sent.some((each) => each.status === "rejected")) throw signal.aborted ? signal.reason : failure.signal.reason;
}

/** The second half. */
export async function putManifests(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  { content, mediaType: type, tag: name, below }: PushedManifest,
  signal: AbortSignal,
): Promise<void> {
  const put = (tag: string, body: Uint8Array, mediaType: string) =>
    client.call(`/v2/${ref.path}/manifests/${tag}`, pushScope(ref.path), {
      method: "PUT",
      body,
      headers: { "content-type": mediaType },
      signal,
    });
  for (const { descriptor } of below)
    if (descriptor) await put(descriptor.digest, await deps.images.blobs.read(descriptor.digest), descriptor.mediaType);
  await put(name, content, type);
}

/** The manifest that the image came by, where all that it names is here: pushed as it is, it keeps its digest. */
async function originalManifest(
  deps: RemoteDeps,
  image: ImageRecord,
): Promise<{ manifest: Manifest; bytes: Uint8Array; mediaType: string } | undefined> {
  const { blobs } = deps.images;
  if (image.manifestDigest === undefined || !blobs.has(image.manifestDigest)) return undefined;
  const bytes = await blobs.read(image.manifestDigest);
  const manifest = parseManifest(bytes);
  if (
    manifest.layers.length !== image.diffIds.length ||
    ![manifest.config, ...manifest.layers].every((blob) => blobs.has(blob.digest))
  )
    return undefined;
  // An archive's plain layers are better sent compressed.
  if (manifest.layers.some((layer) => compressionOf(layer.mediaType) === "none")) return undefined;
  return { manifest, bytes, mediaType: manifest.mediaType ?? mediaTypes.ociManifest };
}

/** Docker's own kind where all layers are gzip, which everything understands; OCI's otherwise. */
function makeManifest(
  configDigest: string,
  configSize: number,
  layers: Descriptor[],
): { bytes: Uint8Array; mediaType: string } {
  const docker = layers.every((layer) => compressionOf(layer.mediaType) === "gzip");
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const bytes = Buffer.from(
    JSON.stringify(
      {
        schemaVersion: 2,
        mediaType,
        config: {
          mediaType: docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
          size: configSize,
          digest: configDigest,
        },
        layers: layers.map((layer) => ({
          mediaType: docker ? mediaTypes.dockerLayerGzip : layer.mediaType,
          size: layer.size,
          digest: layer.digest,
        })),
      },
      null,
      3,
    ),
  );
  return { bytes, mediaType };
}

async function pushLayer(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  layer: Descriptor,
  id: string,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  if (deps.uploads.busy) tell({ status: "Waiting", progressDetail: {}, id });
  const outcome = await pushOne(
    deps,
    client,
    ref,
    layer,
    (current) => tell({ status: "Pushing", progressDetail: { current, total: layer.size }, id }, id),
    signal,
  );
  tell({
    status:
      { exists: "Layer already exists", mounted: "Mounted from", pushed: "Pushed" }[outcome.kind] +
      (outcome.from ? ` ${outcome.from}` : ""),
    progressDetail: {},
    id,
  });
}

/** A blob of the store, where the repository lacks it. */
export async function pushOne(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  blob: Descriptor,
  progress: (sent: number) => void,
  signal: AbortSignal,
): Promise<{ kind: "exists" | "mounted" | "pushed"; from?: string }> {
  const { images } = deps;
  using _slot = await deps.uploads.acquire();
  signal.throwIfAborted();
  const own = repositoryOf(ref);
  const prefix = `${ref.domain}/`;
  const mountFrom = blobSources(images.store, blob.digest)
    .find((source) => source !== own && source.startsWith(prefix))
    ?.slice(prefix.length);
  const kind = await pushBlob(
    client,
    ref.path,
    { digest: blob.digest, size: blob.size, file: Bun.file(images.blobs.path(blob.digest)) },
    { progress, signal, ...(mountFrom !== undefined && { mountFrom }) },
  );
  addBlobSource(images.store, blob.digest, own);
  return { kind, ...(kind === "mounted" && mountFrom !== undefined && { from: mountFrom }) };
}
