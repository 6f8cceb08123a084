import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { invalid } from "../lib/errors.ts";
import { chainIds, digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";
import { isIndex, isLayerType, isManifest } from "../oci/media-types.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "../oci/parse.ts";
import type { Reference } from "../oci/reference.ts";
import type { Lease } from "./collect/lease.ts";
import type { ImageDeps } from "./deps.ts";
import { registerImage } from "./images.ts";
import { registerIndex } from "./index/register-index.ts";
import { registerLayer, syncLayers } from "./layer/layers.ts";
import type { ImageRecord } from "./record.ts";
import { takeNames } from "./take.ts";

/** Content by digest that another engine on this machine keeps: where the file of a digest is, or would be. */
export type ContentPath = (digest: string) => string;

/** An image, or images of several platforms, as content. */
export interface ContentImage {
  /** Its manifest or index. */
  target: string;
  names: readonly Reference[];
}

/** How it is taken, and who is told. */
export interface TakeContentOptions {
  path: ContentPath;
  lease: Lease;
  /** Called after each layer, with the bytes of its archive. */
  tell(bytes: number): void;
  signal?: AbortSignal;
}

interface Member {
  manifest: Uint8Array;
  config: Uint8Array;
  layers: readonly Descriptor[];
}

/**
 * Makes an image of another engine's content, all of it held against its digests. Of an index those platforms are taken
 * that are there whole. Names come last; those that stand for another image here stay so. Returns the image that the
 * names stand for. Throws `invalid` where something is missing or damaged.
 */
export async function takeContent(
  deps: ImageDeps,
  { target, names }: ContentImage,
  options: TakeContentOptions,
): Promise<ImageRecord> {
  const { path, lease } = options;
  const content = await contentOf(path, target);
  const type = documentType(content) ?? "";
  const members = isIndex(type) ? await wholeMembers(path, content) : [await memberOf(path, content)];
  if (members.length === 0) throw invalid("none of its platforms is there whole");
  const images: ImageRecord[] = [];
  for (const member of members) images.push(await takeMember(deps, member, options));
  const several = isIndex(type) ? await registerIndex(deps, { content, members: images, lease }) : undefined;
  const image = several?.primary ?? images[0];
  if (!image) throw invalid("an index needs an image");
  takeNames(deps, image.id, names, target);
  return image;
}

/** Bytes of the archives that {@link takeContent} would copy. Throws as it does. */
export async function contentSize(target: string, path: ContentPath): Promise<Map<string, number>> {
  const content = await contentOf(path, target);
  const members = isIndex(documentType(content) ?? "")
    ? await wholeMembers(path, content)
    : [await memberOf(path, content)];
  if (members.length === 0) throw invalid("none of its platforms is there whole");
  return new Map(members.flatMap(({ layers }) => layers.map(({ digest, size }) => [digest, size] as const)));
}

async function wholeMembers(path: ContentPath, index: Uint8Array): Promise<Member[]> {
  const members: Member[] = [];
  for (const child of parseIndex(index).manifests) {
    const isImage = child.annotations?.["vnd.docker.reference.type"] === undefined && isManifest(child.mediaType);
    if (!isImage || !existsSync(path(child.digest))) continue;
    const manifest = await contentOf(path, child.digest);
    const { config, layers } = parseManifest(manifest, child.mediaType);
    if ([config, ...layers].every(({ digest }) => existsSync(path(digest))))
      members.push(await memberOf(path, manifest));
  }
  return members;
}

async function memberOf(path: ContentPath, manifest: Uint8Array): Promise<Member> {
  const { config, layers } = parseManifest(manifest);
  return { manifest, config: await contentOf(path, config.digest), layers };
}

async function contentOf(path: ContentPath, digest: string): Promise<Uint8Array> {
  if (!existsSync(path(digest))) throw invalid(`its content ${digest} is missing`);
  const content = await readFile(path(digest));
  if (digestOf(content) !== digest) throw invalid(`its content ${digest} is damaged`);
  return content;
}

async function takeMember(deps: ImageDeps, member: Member, options: TakeContentOptions): Promise<ImageRecord> {
  const { lease } = options;
  const { diff_ids: diffIds } = parseImageConfig(member.config).rootfs;
  if (diffIds.length !== member.layers.length) throw invalid("its manifest has another number of layers than it");
  const chain = chainIds(diffIds);
  let below: Promise<unknown> = Promise.resolve();
  const taken = member.layers.map((layer, i) => {
    const place = { diffId: diffIds[i] ?? "", parentChainId: chain[i - 1] ?? null, parentReady: below };
    const taking = takeLayer(deps, layer, place, options);
    below = taking;
    taking.catch(() => {});
    return taking;
  });
  const failed = (await Promise.allSettled(taken)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  const manifestDigest = digestOf(member.manifest);
  lease.add("blob", manifestDigest);
  await deps.blobs.put(member.manifest);
  const image = await registerImage(deps, { config: member.config, manifestDigest, lease });
  await syncLayers(deps, chain);
  return image;
}

async function takeLayer(
  deps: ImageDeps,
  { digest, mediaType, size }: Descriptor,
  place: { diffId: string; parentChainId: string | null; parentReady: Promise<unknown> },
  { path, lease, tell, signal }: TakeContentOptions,
): Promise<void> {
  if (!isLayerType(mediaType)) throw invalid(`unsupported layer media type ${mediaType}`);
  if (!existsSync(path(digest))) throw invalid(`its layer ${digest} is missing`);
  await copyBlob(deps, digest, path(digest), lease, signal);
  await registerLayer(deps, { blobDigest: digest, mediaType, ...place, lease, signal });
  tell(size);
}

/** The writer holds it against its digest. */
async function copyBlob(
  deps: ImageDeps,
  digest: string,
  file: string,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<void> {
  lease.add("blob", digest);
  using _lock = await deps.locks.acquire(`blob ${digest}`);
  if (deps.blobs.has(digest)) return;
  await using writer = await deps.blobs.writer(digest);
  // What an earlier attempt has left may be of another file.
  if (writer.offset > 0) await writer.restart();
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    await writer.write(chunk);
  }
  await writer.commit();
}
