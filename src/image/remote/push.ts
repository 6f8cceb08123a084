import type { ProgressEvent } from "../../api/progress.ts";
import type { AuthConfig } from "../../api/types/system.ts";
import { invalid, notFound } from "../../lib/errors.ts";
import { told } from "../../lib/event-queue.ts";
import { shortId } from "../../lib/ids.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest, Platform } from "../../oci/image.ts";
import { compressionOf, mediaTypes } from "../../oci/media-types.ts";
import { parseManifest } from "../../oci/parse.ts";
import { familiarName, familiarString, fullString, parseReference, repositoryOf, withDefaultTag, type Reference } from "../../oci/reference.ts";
import { layerArchive } from "../layer-archive.ts";
import { addBlobSource, blobSources } from "../layer-table.ts";
import { Lease } from "../lease.ts";
import type { ImageRecord } from "../record.ts";
import { resolveImage } from "../resolve.ts";
import { allNames, nameRow } from "../table.ts";
import { publishImageEvent, putImageDigest } from "../tag.ts";
import type { RegistryClient } from "./client.ts";
import { endpoints } from "./endpoints.ts";
import { pushScope } from "./fetch-manifest.ts";
import { onEndpoint } from "./on-endpoint.ts";
import { pushBlob } from "./push-blob.ts";
import type { RemoteContext } from "./remote-context.ts";

export interface PushRequest {
  /** Repository, with or without a tag. */
  reference: string;
  tag?: string;
  allTags: boolean;
  /** Refuses an image that was made for another. */
  platform?: Platform;
  auth?: AuthConfig;
  /** How layers made here are compressed, where that was not done before. */
  compression?: "gzip" | "zstd";
  signal?: AbortSignal;
}

type Tell = (event: ProgressEvent, key?: string) => void;

/** `docker push`: sends what the registry lacks of one tag, or of all tags of a repository. */
export function pushImage(ctx: RemoteContext, request: PushRequest): AsyncGenerator<ProgressEvent> {
  const parsed = parseReference(request.tag ? `${request.reference}:${request.tag}` : request.reference);
  if (parsed.digest !== undefined) throw invalid("cannot push a digest reference");
  return told<ProgressEvent>(async (tell, signal) => {
    tell({ status: `The push refers to repository [${parsed.domain === "docker.io" ? `docker.io/${parsed.path}` : familiarName(parsed)}]` });
    const known = tagsOf(ctx, parsed);
    for (const ref of request.allTags && parsed.tag === undefined ? known : [withDefaultTag(parsed)]) {
      const image = localImage(ctx, ref, request.platform);
      const pushed = await onEndpoint(ctx, endpoints(ref.domain, ctx.config(), "push"), request.auth, (client) => pushReference(ctx, client, ref, image, request, tell, signal));
      putImageDigest(ctx.images, image.id, ref, pushed.digest);
      publishImageEvent(ctx.images, "push", image.id, familiarString(ref));
      tell({ status: `${ref.tag}: digest: ${pushed.digest} size: ${pushed.size}` });
      tell({ progressDetail: {}, aux: { Tag: ref.tag, Digest: pushed.digest, Size: pushed.size } });
    }
  }, request.signal);
}

function localImage(ctx: RemoteContext, ref: Reference, platform: Platform | undefined): ImageRecord {
  try {
    return resolveImage(ctx.images, fullString(ref), platform ? { platform } : {});
  } catch (cause) {
    if (nameRow(ctx.images.store, fullString(ref))) throw cause;
    throw notFound(`tag does not exist: ${familiarString(ref)}`, cause);
  }
}

/** The tags of a repository that are here. Throws not-found where there is none. */
function tagsOf(ctx: RemoteContext, ref: Reference): Reference[] {
  const found = allNames(ctx.images.store).filter((name) => name.kind === "tag" && name.repository === repositoryOf(ref)).map((name) => parseReference(name.name));
  if (found.length === 0) throw notFound(`An image does not exist locally with the tag: ${familiarName(ref)}`);
  return found;
}

async function pushReference(ctx: RemoteContext, client: RegistryClient, ref: Reference, image: ImageRecord, request: PushRequest, tell: Tell, signal: AbortSignal): Promise<{ digest: string; size: number }> {
  await using lease = new Lease(ctx.images);
  for (const diffId of image.diffIds.toReversed()) tell({ status: "Preparing", progressDetail: {}, id: shortId(diffId) });
  const original = await originalManifest(ctx, image);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const layers = image.chainIds.map(async (_, index) => {
    const diffId = image.diffIds[index] ?? "";
    try {
      const descriptor = original?.manifest.layers[index]
        ?? (await layerArchive(ctx.images, image.chainIds.slice(0, index + 1), { compression: request.compression ?? client.endpoint.compression ?? "gzip", lease, signal: either }));
      await pushLayer(ctx, client, ref, descriptor, shortId(diffId), tell, either);
      return descriptor;
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(layers);
  if (failure.signal.aborted && !signal.aborted) throw failure.signal.reason;
  const descriptors = await Promise.all(layers);

  const config = await ctx.images.blobs.read(image.id);
  await pushOne(ctx, client, ref, { digest: image.id, size: config.length, mediaType: mediaTypes.dockerConfig }, () => {}, signal);
  const { bytes, mediaType } = original ?? makeManifest(image.id, config.length, descriptors);
  const digest = digestOf(bytes);
  await client.call(`/v2/${ref.path}/manifests/${ref.tag ?? digest}`, pushScope(ref.path), { method: "PUT", body: bytes, headers: { "content-type": mediaType }, signal });
  return { digest, size: bytes.length };
}

/** The manifest that the image came by, where all that it names is here: pushed as it is, it keeps its digest. */
async function originalManifest(ctx: RemoteContext, image: ImageRecord): Promise<{ manifest: Manifest; bytes: Uint8Array; mediaType: string } | undefined> {
  const { blobs } = ctx.images;
  if (image.manifestDigest === undefined || !blobs.has(image.manifestDigest)) return undefined;
  const bytes = await blobs.read(image.manifestDigest);
  const manifest = parseManifest(bytes);
  if (manifest.layers.length !== image.diffIds.length || !manifest.layers.every((layer) => blobs.has(layer.digest))) return undefined;
  // An archive's plain layers are better sent compressed.
  if (manifest.layers.some((layer) => compressionOf(layer.mediaType) === "none")) return undefined;
  return { manifest, bytes, mediaType: manifest.mediaType ?? mediaTypes.ociManifest };
}

/** Docker's own kind where all layers are gzip, which everything understands; OCI's otherwise. */
function makeManifest(configDigest: string, configSize: number, layers: Descriptor[]): { bytes: Uint8Array; mediaType: string } {
  const docker = layers.every((layer) => compressionOf(layer.mediaType) === "gzip");
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const bytes = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType,
    config: { mediaType: docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, size: configSize, digest: configDigest },
    layers: layers.map((layer) => ({ mediaType: docker ? mediaTypes.dockerLayerGzip : layer.mediaType, size: layer.size, digest: layer.digest })),
  }, null, 3));
  return { bytes, mediaType };
}

async function pushLayer(ctx: RemoteContext, client: RegistryClient, ref: Reference, layer: Descriptor, id: string, tell: Tell, signal: AbortSignal): Promise<void> {
  tell({ status: "Waiting", progressDetail: {}, id });
  const outcome = await pushOne(ctx, client, ref, layer, (current) => tell({ status: "Pushing", progressDetail: { current, total: layer.size }, id }, id), signal);
  tell({ status: { exists: "Layer already exists", mounted: "Mounted from", pushed: "Pushed" }[outcome.kind] + (outcome.from ? ` ${outcome.from}` : ""), progressDetail: {}, id });
}

async function pushOne(ctx: RemoteContext, client: RegistryClient, ref: Reference, blob: Descriptor, progress: (sent: number) => void, signal: AbortSignal): Promise<{ kind: "exists" | "mounted" | "pushed"; from?: string }> {
  const { images } = ctx;
  using _slot = await ctx.uploads.acquire();
  signal.throwIfAborted();
  const own = repositoryOf(ref);
  const prefix = `${ref.domain}/`;
  const mountFrom = blobSources(images.store, blob.digest).find((source) => source !== own && source.startsWith(prefix))?.slice(prefix.length);
  const kind = await pushBlob(client, ref.path, { digest: blob.digest, size: blob.size, file: Bun.file(images.blobs.path(blob.digest)) }, { progress, signal, ...(mountFrom !== undefined && { mountFrom }) });
  addBlobSource(images.store, blob.digest, own);
  return { kind, ...(kind === "mounted" && mountFrom !== undefined && { from: mountFrom }) };
}
