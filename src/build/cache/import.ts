import { invalid, notFound } from "../../lib/errors.ts";
import type { Lease } from "../../image/lease.ts";
import { fetchManifest } from "../../image/remote/fetch-manifest.ts";
import { endpoints } from "../../image/remote/endpoints.ts";
import { onEndpoint } from "../../image/remote/on-endpoint.ts";
import { bringBlob, choosePlatform } from "../../image/remote/pull.ts";
import type { RemoteContext } from "../../image/remote/remote-context.ts";
import { resolveImage } from "../../image/resolve.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { documentType, isObject, parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { BuildContext } from "../context.ts";
import type { BuildRequest } from "../request.ts";
import type { SourceTree } from "../source/tree.ts";
import { cacheConfigType, inlineCacheField, parseDocument, readSteps, type CacheDocument } from "./document.ts";
import type { CacheSource } from "./imported.ts";
import type { CacheSpec } from "./spec.ts";

const maxDocumentBytes = 64 * 1024 * 1024;

/** Opens the caches that a `--cache-from` names: one, or one for each platform of an image. Throws where there is none. */
export async function importCache(ctx: BuildContext, remote: RemoteContext, spec: CacheSpec, request: BuildRequest, lease: Lease, signal: AbortSignal): Promise<CacheSource[]> {
  switch (spec.type) {
    case "registry": return fromRegistry(ctx, remote, spec, request, lease, signal);
    case "local": return [await fromFolder(ctx, spec, request)];
    default: throw invalid(`unknown cache importer: "${spec.type}"`);
  }
}

/** An image of this engine first, as Docker's builder takes it; then what the registry has: a cache, or an image with one inside. */
async function fromRegistry(ctx: BuildContext, remote: RemoteContext, { attributes }: CacheSpec, request: BuildRequest, lease: Lease, signal: AbortSignal): Promise<CacheSource[]> {
  const name = attributes.get("ref");
  if (!name) throw invalid("registry cache importer requires ref");
  const platforms = request.platforms.length > 0 ? request.platforms : [hostPlatform()];
  const local = await fromStore(ctx, name, platforms);
  if (local.length > 0) return local;
  const ref = withDefaultTag(parseReference(name));
  const auth = request.auth(ref.domain);
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
      const content = await ctx.images.blobs.read(config.digest, maxDocumentBytes);
      found.push(config.mediaType === cacheConfigType ? parseDocument(content) : inlineDocument(content, layers));
      if (bytes === top.bytes) break;
    }
    return found;
  });
  if (fetched.every(({ steps }) => steps.length === 0)) throw notFound(`${name} holds no build cache`);
  return fetched.map(({ steps, layers }) => ({
    name, steps, layers,
    bring: (layer, until) => onEndpoint(remote, places(), auth, (client) => bringBlob(remote, client, client.repository(ref.path), layer, () => {}, until)),
  }));
}

async function fromStore(ctx: BuildContext, name: string, platforms: readonly Platform[]): Promise<CacheSource[]> {
  const found: CacheSource[] = [];
  for (const platform of platforms) {
    try {
      const image = resolveImage(ctx.images, name, { platform });
      const { steps } = inlineDocument(await ctx.images.blobs.read(image.id), []);
      if (steps.length > 0) found.push({ name, steps, layers: new Map(), bring: () => Promise.reject(notFound("the layer is gone")) });
    } catch { /* what is not here may be in the registry */ }
  }
  return found;
}

/** The document inside an image; its layers are the image's, in their order. */
function inlineDocument(config: Uint8Array, layers: readonly Descriptor[]): CacheDocument {
  const file: unknown = JSON.parse(Buffer.from(config).toString("utf8"));
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  return {
    steps: isObject(file) ? readSteps(file[inlineCacheField]) : [],
    layers: new Map(layers.flatMap((layer, index) => { const diffId = diffIds[index]; return diffId === undefined ? [] : [[diffId, layer]]; })),
  };
}

/** A folder in the OCI layout, which came with the build as a named context. */
async function fromFolder(ctx: BuildContext, { attributes }: CacheSpec, request: BuildRequest): Promise<CacheSource> {
  const name = attributes.get("src") ?? "";
  const context = request.contexts.get(attributes.get("context") ?? "");
  if (!context || "image" in context) throw notFound(`could not read ${name}/index.json: no such file or directory`);
  const { manifests } = parseIndex(await read(context, "index.json"));
  const tag = attributes.get("tag") ?? "latest";
  const digest = attributes.get("digest");
  const entry = manifests.find((each) => (digest === undefined ? each.annotations?.["org.opencontainers.image.ref.name"] === tag : each.digest === digest)) ?? (digest === undefined && manifests.length === 1 ? manifests[0] : undefined);
  if (!entry) throw notFound(`no cache manifest in ${name} for ${digest ?? tag}`);
  const content = await read(context, blobPath(entry.digest));
  const { config } = parseManifest(content, documentType(content) ?? entry.mediaType);
  if (config.mediaType !== cacheConfigType) throw invalid(`${name} holds a cache of another kind (${config.mediaType})`);
  const { steps, layers } = parseDocument(await read(context, blobPath(config.digest)));
  return {
    name, steps, layers,
    async bring(layer) {
      using _only = await ctx.images.locks.acquire(`blob ${layer.digest}`);
      if (ctx.images.blobs.has(layer.digest)) return;
      await using writer = await ctx.images.blobs.writer(layer.digest, layer.size);
      await writer.restart();
      for await (const chunk of context.read(blobPath(layer.digest))) await writer.write(chunk);
      await writer.commit();
    },
  };
}

export const blobPath = (digest: string) => `blobs/${digest.replace(":", "/")}`;

async function read(tree: SourceTree, path: string): Promise<Uint8Array> {
  const entry = tree.entry(path);
  if (entry?.type !== "file") throw notFound(`could not read ${path}: no such file or directory`);
  if (entry.size > maxDocumentBytes) throw invalid(`${path} is too large`);
  const parts: Uint8Array[] = [];
  for await (const chunk of tree.read(path)) parts.push(chunk);
  return Buffer.concat(parts);
}
