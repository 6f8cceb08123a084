import type { Lease } from "../../image/collect/lease.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import { endpoints } from "../../image/remote/endpoints.ts";
import { fetchManifest } from "../../image/remote/fetch-manifest.ts";
import { onEndpoint } from "../../image/remote/on-endpoint.ts";
import { bringBlob, choosePlatform } from "../../image/remote/pull.ts";
import { resolveImage } from "../../image/resolve.ts";
import { invalid, notFound } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { parseDigest } from "../../oci/digest.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { documentType, isObject, parseImageConfig, parseManifest } from "../../oci/parse.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import { bringFromClient, type ClientBlobs, readDocument } from "../session/client-blobs.ts";
import { layoutBlobs, layoutManifests } from "../source/layout-folder.ts";
import type { SourceTree } from "../source/tree.ts";
import { type CacheDocument, cacheConfigType, inlineCacheField, parseDocument, readSteps } from "./document.ts";
import type { CacheSource } from "./imported.ts";
import type { CacheSpec } from "./spec.ts";

const maxDocumentBytes = 64 * 1024 * 1024;

/**
 * Opens the caches that a `--cache-from` names: one, or one for each platform of an image. Throws where there is none.
 */
export async function importCache(
  deps: BuilderDeps,
  remote: RemoteDeps,
  spec: CacheSpec,
  request: BuildRequest,
  lease: Lease,
  signal: AbortSignal,
): Promise<CacheSource[]> {
  switch (spec.type) {
    case "registry":
      return fromRegistry(deps, remote, spec, request, lease, signal);
    case "local":
      return [await fromFolder(deps, spec, request)];
    default:
      throw invalid(`unknown cache importer: "${spec.type}"`);
  }
}

/**
 * An image of this engine first, as Docker's builder takes it; then what the registry has: a cache, or an image with
 * one inside.
 */
async function fromRegistry(
  deps: BuilderDeps,
  remote: RemoteDeps,
  { attributes }: CacheSpec,
  request: BuildRequest,
  lease: Lease,
  signal: AbortSignal,
): Promise<CacheSource[]> {
  const name = attributes.get("ref");
  if (!name) throw invalid("registry cache importer requires ref");
  const platforms = request.platforms.length > 0 ? request.platforms : [hostPlatform()];
  const local = await fromStore(deps, name, platforms);
  if (local.length > 0) return local;
  const ref = withDefaultTag(parseReference(name));
  const auth = await request.session.credentials(ref.domain);
  const places = () => endpoints(ref.domain, remote.config(), "pull");
  const fetched = await onEndpoint(remote, places(), auth, async (client) => {
    const top = await fetchManifest(client, client.repository(ref.path), ref.digest ?? ref.tag ?? "latest", signal);
    const found: CacheDocument[] = [];
    for (const platform of platforms) {
      const { bytes, mediaType } = await choosePlatform(client, ref, top, platform, signal);
      const { config, layers } = parseManifest(bytes, mediaType);
      if (config.size > maxDocumentBytes) throw invalid(`the cache of ${name} is too large`);
      lease.add("blob", config.digest);
      await bringBlob(remote, client, client.repository(ref.path), config, () => {}, signal);
      const content = await deps.images.blobs.read(config.digest, maxDocumentBytes);
      found.push(config.mediaType === cacheConfigType ? parseDocument(content) : inlineDocument(content, layers));
      if (bytes === top.bytes) break;
    }
    return found;
  });
  if (fetched.every(({ steps }) => steps.length === 0)) throw notFound(`${name} holds no build cache`);
  return fetched.map(({ steps, layers }) => ({
    name,
    steps,
    layers,
    bring: (layer, until) =>
      onEndpoint(remote, places(), auth, (client) =>
        bringBlob(remote, client, client.repository(ref.path), layer, () => {}, until),
      ),
  }));
}

async function fromStore(deps: BuilderDeps, name: string, platforms: readonly Platform[]): Promise<CacheSource[]> {
  const found: CacheSource[] = [];
  for (const platform of platforms) {
    try {
      const image = resolveImage(deps.images, name, { platform });
      const { steps } = inlineDocument(await deps.images.blobs.read(image.id), []);
      if (steps.length > 0)
        found.push({ name, steps, layers: new Map(), bring: () => Promise.reject(notFound("the layer is gone")) });
    } catch {
      /* what is not here may be in the registry */
    }
  }
  return found;
}

/** The document inside an image; its layers are the image's, in their order. */
function inlineDocument(config: Uint8Array, layers: readonly Descriptor[]): CacheDocument {
  const file: unknown = parseJson(Buffer.from(config).toString("utf8"));
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  return {
    steps: isObject(file) ? readSteps(file[inlineCacheField]) : [],
    layers: new Map(
      layers.flatMap((layer, index) => {
        const diffId = diffIds[index];
        return diffId === undefined ? [] : [[diffId, layer]];
      }),
    ),
  };
}

/** A folder in the OCI layout. */
async function fromFolder(deps: BuilderDeps, { attributes }: CacheSpec, request: BuildRequest): Promise<CacheSource> {
  const name = attributes.get("src") ?? "";
  const { blobs, digest } = await folderOf(attributes, request);
  const content = await readDocument(blobs, digest, maxDocumentBytes);
  const { config } = parseManifest(content, documentType(content));
  if (config.mediaType !== cacheConfigType)
    throw invalid(`${name} holds a cache of another kind (${config.mediaType})`);
  const { steps, layers } = parseDocument(await readDocument(blobs, config.digest, maxDocumentBytes));
  return { name, steps, layers, bring: (layer) => bringFromClient(deps.images, blobs, layer) };
}

/** The client is asked for what is in it, where it says the digest; else it came with the build as a named context. */
async function folderOf(
  attributes: CacheSpec["attributes"],
  request: BuildRequest,
): Promise<{ blobs: Pick<ClientBlobs, "read">; digest: string }> {
  const name = attributes.get("src") ?? "";
  const digest = attributes.get("digest");
  const blobs = request.session.blobs({ kind: "cache", name });
  if (blobs && digest !== undefined) return { blobs, digest: parseDigest(digest) };
  const named = request.contexts.get(attributes.get("context") ?? "");
  if (!named || !("tree" in named)) throw notFound(`could not read ${name}/index.json: no such file or directory`);
  const tag = attributes.get("tag") ?? "latest";
  const found = await inIndex(named.tree, digest, tag);
  if (found === undefined) throw notFound(`no cache manifest in ${name} for ${digest ?? tag}`);
  return { blobs: layoutBlobs(named.tree), digest: found };
}

/** The manifest of that digest or tag; without a digest the only one there is. Undefined: none. */
async function inIndex(tree: SourceTree, digest: string | undefined, tag: string): Promise<string | undefined> {
  const manifests = await layoutManifests(tree);
  const entry =
    manifests.find((each) =>
      digest === undefined ? each.annotations?.["org.opencontainers.image.ref.name"] === tag : each.digest === digest,
    ) ?? (digest === undefined && manifests.length === 1 ? manifests[0] : undefined);
  return entry?.digest;
}
