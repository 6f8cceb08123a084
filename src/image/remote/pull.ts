import type { ProgressEvent } from "../../api/progress.ts";
import { EngineError, invalid, notFound } from "../../lib/errors.ts";
import { told } from "../../lib/event-queue.ts";
import { shortId } from "../../lib/ids.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { algorithmOf, digestOf } from "../../oci/digest.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { compressionOf, isIndex, isManifest, mediaTypes } from "../../oci/media-types.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { formatPlatform, hostPlatform, platformScore } from "../../oci/platform.ts";
import {
  familiarName,
  familiarString,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "../../oci/reference.ts";
import { Lease } from "../collect/lease.ts";
import { recordOf, registerImage } from "../images.ts";
import { setIndex } from "../index/index-table.ts";
import { chainOn, registerLayer } from "../layer/layers.ts";
import { blobsFrom, layerByChain } from "../layer-table.ts";
import { storedName } from "../resolve.ts";
import { imageById, nameRow } from "../table.ts";
import { publishImageEvent, putImageDigest, putImageName } from "../tag.ts";
import { assembleBlob } from "./assemble-blob.ts";
import type { RegistryClient } from "./client.ts";
import type { RegistryCredentials } from "./credentials.ts";
import type { RemoteDeps } from "./deps.ts";
import { endpoints } from "./endpoints.ts";
import { answeredAs } from "./failure.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { type FetchedManifest, fetchManifest, knownManifest, pullScope } from "./fetch-manifest.ts";
import { onEndpoint } from "./on-endpoint.ts";

/** What `docker pull` asks for: one image, or with `allTags` every tag of the repository. */
export interface PullRequest {
  /** As the user wrote it: `busybox`, `ghcr.io/a/b:1`, `a@sha256:…`. */
  reference: string;
  allTags: boolean;
  /** Absent: the machine's own. */
  platform?: Platform;
  auth?: RegistryCredentials;
  signal?: AbortSignal;
}

/** What came of one reference. */
export interface Pulled {
  imageId: string;
  digest: string;
}

/** A blob that broke off is kept this long for the next try. */
const keepPartialMs = 24 * 60 * 60 * 1000;

type Tell = (event: ProgressEvent, key?: string) => void;

/**
 * `docker pull`: brings an image, or all tags of a repository, and tells how it goes. Layers come side by side, each
 * verified as it streams and unpacked as soon as those below are there; each is kept for itself, so a pull that ends
 * early is continued by the next one. Throws not-found where the registry has no such thing.
 */
export function pullImage(deps: RemoteDeps, request: PullRequest): AsyncGenerator<ProgressEvent> {
  const ref = parseReference(request.reference);
  if (request.allTags && (ref.tag !== undefined || ref.digest !== undefined))
    throw invalid("tag can't be used with --all-tags/-a");
  return told<ProgressEvent>(async (tell, signal) => {
    if (!request.allTags) return void (await pullReference(deps, withDefaultTag(ref), request, tell, signal));
    const tags = await onEndpoint(deps, endpoints(ref.domain, deps.config(), "pull"), request.auth, (client) =>
      listTags(client, client.repository(ref.path), signal),
    ).catch((error: unknown) => {
      throw pullFailure(ref, error);
    });
    const changed = [];
    for (const tag of tags)
      changed.push((await pullTag(deps, { domain: ref.domain, path: ref.path, tag }, request, tell, signal)).changed);
    tell({ status: statusOf(ref, changed.includes(true)) });
  }, request.signal);
}

/**
 * One image. Also used by those that need an image for something else: a build's FROM. Images of several platforms that
 * one index names are kept side by side; the name shows the one that was pulled last, or with `keepName` the first.
 */
export async function pullReference(
  deps: RemoteDeps,
  ref: Reference,
  request: OneImage,
  tell: Tell,
  signal: AbortSignal,
): Promise<Pulled> {
  const { changed, ...pulled } = await pullTag(deps, ref, request, tell, signal);
  tell({ status: statusOf(ref, changed) });
  return pulled;
}

type OneImage = Pick<PullRequest, "platform" | "auth"> & { keepName?: boolean };

const statusOf = (ref: Reference, changed: boolean) =>
  `Status: ${changed ? "Downloaded newer image" : "Image is up to date"} for ${familiarString(ref)}`;

/** What is told before the manifest has come would hide from the client that there is none: nothing is. */
async function pullTag(
  deps: RemoteDeps,
  ref: Reference,
  request: OneImage,
  tell: Tell,
  signal: AbortSignal,
): Promise<Pulled & { changed: boolean }> {
  const { images } = deps;
  const tagOrDigest = ref.digest ?? ref.tag ?? "latest";
  const before = nameRow(images.store, storedName(ref))?.image_id;
  const pulled = await onEndpoint(deps, endpoints(ref.domain, deps.config(), "pull"), request.auth, async (client) => {
    await using lease = new Lease(images);
    lease.keepAfterwards(keepPartialMs);
    // What the name stood for the last time is asked after before it is fetched.
    const had = nameRow(images.store, storedName(ref))?.digest ?? ref.digest;
    if (had != null) lease.add("blob", had);
    const known =
      had != null && images.blobs.has(had)
        ? await knownManifest(client, client.repository(ref.path), tagOrDigest, images.blobs, signal)
        : undefined;
    const top = known ?? (await fetchManifest(client, client.repository(ref.path), tagOrDigest, signal));
    lease.add("blob", top.digest);
    await images.blobs.put(top.bytes, algorithmOf(top.digest));
    const chosen = await choosePlatform(client, ref, top, request.platform, signal, async (digest) => {
      lease.add("blob", digest);
      return images.blobs.has(digest) ? images.blobs.read(digest) : undefined;
    });
    lease.add("blob", chosen.digest);
    await images.blobs.put(chosen.bytes, algorithmOf(chosen.digest));
    requireImage(ref, chosen);
    tell({ status: `Pulling from ${ref.path}`, id: ref.digest === undefined ? tagOrDigest : storedName(ref) });
    const imageId = await pullManifest(deps, client, ref, chosen, [top.digest], lease, tell, signal);
    const shown = nameRow(images.store, storedName(ref));
    const joins =
      chosen !== top && shown !== null && shown.image_id !== imageId && (shown.digest ?? ref.digest) === top.digest;
    if (joins) setIndex(images.store, top.digest, [shown.image_id, imageId]);
    if (!joins || !request.keepName) {
      putImageDigest(images, imageId, ref, top.digest);
      if (ref.digest === undefined) putImageName(images, imageId, ref, { digest: top.digest, event: false });
    }
    lease.keepAfterwards(0);
    return { imageId, digest: top.digest };
  }).catch((error: unknown) => {
    throw pullFailure(ref, error);
  });
  const { platform } = recordOf(images, pulled.imageId);
  publishImageEvent(images, "pull", pulled.imageId, familiarString(ref));
  tell({ status: `Digest: ${pulled.digest}` });
  if (request.platform && platformScore(request.platform, platform) === 0) {
    tell({
      status:
        `WARNING: image with reference ${familiarString(ref)} was found but its platform ` +
        `(${formatPlatform(platform)}) does not match the specified platform ` +
        `(${formatPlatform(request.platform)})`,
    });
  }
  return { ...pulled, changed: before !== pulled.imageId };
}

/** What a failed pull is called: Docker's three kinds of "not there", and what went wrong otherwise. */
function pullFailure(ref: Reference, error: unknown): unknown {
  if (!(error instanceof EngineError) || error.kind === "cancelled") return error;
  // Of several reasons the first is told.
  const told = /^errors:\n(.*)/.exec(error.message)?.[1] ?? error.message;
  if (told.startsWith("denied: "))
    return notFound(
      `pull access denied for ${familiarName(ref)}, repository does not exist or may require 'docker login': ${told}`,
      error,
    );
  if (told.startsWith("name unknown: ")) return notFound(`repository ${familiarName(ref)} not found: ${told}`, error);
  if (told.startsWith("manifest unknown: "))
    return notFound(`manifest for ${familiarString(ref)} not found: ${told}`, error);
  return told === error.message ? answeredAs(error) : new EngineError(error.kind, told, { cause: error.cause });
}

/** The manifest of an index that fits the platform best; `local` may have it already. */
export async function choosePlatform(
  client: RegistryClient,
  ref: Reference,
  top: FetchedManifest,
  wanted: Platform | undefined,
  signal: AbortSignal,
  local?: (digest: string) => Promise<Uint8Array | undefined>,
): Promise<FetchedManifest> {
  let current = top;
  for (let depth = 0; isIndex(current.mediaType); depth++) {
    if (depth > 4) throw invalid(`the index ${top.digest} is nested too deep`);
    const index = parseIndex(current.bytes, current.mediaType);
    const platform = wanted ?? hostPlatform();
    const scored = index.manifests
      .filter((each) => each.annotations?.["vnd.docker.reference.type"] === undefined)
      .map((each) => ({
        each,
        score: each.platform ? platformScore(platform, each.platform) : index.manifests.length === 1 ? 1 : 0,
      }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    const best = scored[0]?.each;
    if (!best) throw notFound(`no matching manifest for ${formatPlatform(platform)} in the manifest list entries`);
    const here = await local?.(best.digest);
    current = here
      ? { bytes: here, mediaType: documentType(here) ?? best.mediaType, digest: best.digest }
      : await fetchManifest(client, client.repository(ref.path), best.digest, signal);
  }
  if (current.mediaType === mediaTypes.dockerManifestV1 || current.mediaType === mediaTypes.dockerManifestV1Signed) {
    throw invalid(
      "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest " +
        `the author of ${familiarString(ref)} to upgrade the image to the OCI Format or Docker Image manifest ` +
        "v2, schema 2",
    );
  }
  if (!isManifest(current.mediaType)) throw invalid(`unsupported manifest media type ${current.mediaType}`);
  return current;
}

/** Throws Docker's words for what is no image but something else that registries keep. */
function requireImage(ref: Reference, { bytes, mediaType }: FetchedManifest): void {
  const { mediaType: kind } = parseManifest(bytes, mediaType).config;
  if (kind === mediaTypes.dockerConfig || kind === mediaTypes.ociConfig) return;
  const told = `Encountered remote ${JSON.stringify(kind)}`;
  if (kind === mediaTypes.dockerPluginConfig) throw invalid(`${told}(plugin) when fetching`);
  throw invalid(`${told}(unknown) when fetching: ${familiarString(ref)} is no container image`);
}

/** The layers and configuration of a manifest become an image. */
async function pullManifest(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  fetched: FetchedManifest,
  keep: string[],
  lease: Lease,
  tell: Tell,
  signal: AbortSignal,
): Promise<string> {
  const { images } = deps;
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  const strange = manifest.layers.find((layer) => compressionOf(layer.mediaType) === undefined);
  if (strange) throw invalid(`unsupported layer media type ${strange.mediaType}`);
  const { config: configBlob } = manifest;
  lease.add("blob", configBlob.digest);
  // Images are known by sha256, whatever the manifest names them by.
  const id =
    algorithmOf(configBlob.digest) === "sha256"
      ? configBlob.digest
      : images.blobs.has(configBlob.digest)
        ? digestOf(await images.blobs.read(configBlob.digest))
        : "";
  const known = imageById(images.store, id) !== null;
  const say: Tell = known ? () => {} : tell;
  for (const layer of manifest.layers)
    say({ status: "Pulling fs layer", progressDetail: {}, id: shortId(layer.digest) });

  await bringBlob(deps, client, client.repository(ref.path), configBlob, () => {}, signal);
  const config = await images.blobs.read(configBlob.digest);
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length)
    throw invalid(`the image has ${manifest.layers.length} layers but its configuration names ${diffIds.length}`);

  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  let parentReady: Promise<unknown> = Promise.resolve();
  let parent: string | null = null;
  const layers = manifest.layers.map((layer, index) => {
    const diffId = diffIds[index] ?? "";
    const [below, ready] = [parent, parentReady];
    const work = pullLayer(deps, client, ref, {
      layer,
      diffId,
      parent: below,
      parentReady: ready,
      lease,
      tell: say,
      signal: either,
    });
    work.catch((error: unknown) => failure.abort(error));
    parent = chainOn(below, diffId);
    parentReady = work;
    return work;
  });
  const settled = await Promise.allSettled(layers);
  // The first failure is the reason of the others.
  if (settled.some((each) => each.status === "rejected")) throw signal.aborted ? signal.reason : failure.signal.reason;
  const image = await registerImage(images, {
    config,
    manifestDigest: fetched.digest,
    blobs: [...keep, configBlob.digest],
    lease,
  });
  return image.id;
}

async function pullLayer(
  deps: RemoteDeps,
  client: RegistryClient,
  ref: Reference,
  work: {
    layer: Descriptor;
    diffId: string;
    parent: string | null;
    parentReady: Promise<unknown>;
    lease: Lease;
    tell: Tell;
    signal: AbortSignal;
  },
): Promise<void> {
  const { images } = deps;
  const { layer, diffId, parent, parentReady, lease, tell, signal } = work;
  const id = shortId(layer.digest);
  parentReady.catch(() => {});
  lease.add("blob", layer.digest);
  lease.add("layer", chainOn(parent, diffId));
  const known =
    layerByChain(images.store, chainOn(parent, diffId)) !== null && images.snapshotter.has(chainOn(parent, diffId));
  if (known) {
    tell({ status: "Already exists", progressDetail: {}, id });
    await parentReady;
    return;
  }
  if (!images.blobs.has(layer.digest)) {
    if (deps.downloads.busy) tell({ status: "Waiting", progressDetail: {}, id });
    await bringBlob(
      deps,
      client,
      client.repository(ref.path),
      layer,
      (current) => tell({ status: "Downloading", progressDetail: { current, total: layer.size }, id }, id),
      signal,
      blobsFrom(images.store, repositoryOf(ref)),
    );
    tell({ status: "Verifying Checksum", progressDetail: {}, id });
  }
  tell({ status: "Download complete", progressDetail: {}, id });
  tell({ status: "Extracting", progressDetail: { current: 0, total: layer.size }, id });
  await registerLayer(images, {
    blobDigest: layer.digest,
    mediaType: layer.mediaType,
    diffId,
    parentChainId: parent,
    parentReady,
    source: repositoryOf(ref),
    lease,
    signal,
  });
  tell({ status: "Extracting", progressDetail: { current: layer.size, total: layer.size }, id });
  tell({ status: "Pull complete", progressDetail: {}, id });
}

/** A blob that two pulls want comes once. `similar`: digests of layers that it may have parts of. */
export async function bringBlob(
  deps: RemoteDeps,
  client: RegistryClient,
  repository: string,
  descriptor: Descriptor,
  progress: (current: number) => void,
  signal: AbortSignal,
  similar: readonly string[] = [],
): Promise<void> {
  using _only = await deps.images.locks.acquire(`blob ${descriptor.digest}`);
  if (deps.images.blobs.has(descriptor.digest)) return;
  using _slot = await deps.downloads.acquire();
  signal.throwIfAborted();
  const { blobs, log } = deps.images;
  const options = { attempts: deps.attempts, signal, progress, log };
  if (await assembleBlob(client, repository, descriptor, similar, blobs, options)) return;
  await fetchBlob(client, repository, descriptor, blobs, options);
}

/** All tags of a repository, page by page. */
async function listTags(client: RegistryClient, repository: string, signal?: AbortSignal): Promise<string[]> {
  const tags: string[] = [];
  let next: string | undefined = `/v2/${repository}/tags/list`;
  for (let page = 0; next !== undefined && page < 1000; page++) {
    const response: Response = await client.call(next, pullScope(repository), { signal });
    const body = parseJson(await response.text());
    if (typeof body === "object" && body !== null && "tags" in body && Array.isArray(body.tags))
      tags.push(...body.tags.filter((tag): tag is string => typeof tag === "string"));
    next = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
  }
  return tags;
}
