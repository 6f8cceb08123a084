import { invalid, notFound } from "../../lib/errors.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { member, textMember } from "../../lib/tar/member.ts";
import { encodeHeader, endOfArchive } from "../../lib/tar/writer.ts";
import { algorithmOf, digestOf, layoutPath } from "../../oci/digest.ts";
import type { Descriptor, Index, Manifest, Platform } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parseManifest } from "../../oci/parse.ts";
import { formatPlatform, hostPlatform, platformScore } from "../../oci/platform.ts";
import { familiarString, fullString, parseAnyReference, parseReference, repositoryOf } from "../../oci/reference.ts";
import { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import { recordOf } from "../images.ts";
import { indexMembers } from "../index/index-table.ts";
import { type WholeIndex, wholeIndex } from "../index/whole-index.ts";
import { packedLayer, storedArchive } from "../layer/layer-archive.ts";
import type { ImageRecord } from "../record.ts";
import { indexOf, resolveImage } from "../resolve.ts";
import { allNames } from "../table.ts";
import { publishImageEvent } from "../tag.ts";

/** The query of `GET /images/get`, but for the names. */
export interface SaveOptions {
  /**
   * Which images of those behind a name; default: all, where all that their index names is here, else the one that the
   * name shows.
   */
  platforms?: readonly Platform[];
  signal?: AbortSignal;
}

/**
 * `docker save`: an archive that is an OCI layout and a Docker image archive at once. Layers go as they came (pulled
 * ones compressed), so that digests stay; those made here uncompressed. Throws before the first byte where a name is
 * unknown. Read the result to its end or call `return()`: until then a lease holds the images.
 */
export async function saveImages(
  deps: ImageDeps,
  names: readonly string[],
  options: SaveOptions = {},
): Promise<AsyncGenerator<Uint8Array>> {
  const chosen = await choose(deps, names, options.platforms ?? []);
  const lease = new Lease(deps);
  try {
    for (const { images, index } of chosen) {
      const members = index ? indexMembers(deps.store, index.digest).map((id) => recordOf(deps, id)) : images;
      for (const image of members) {
        for (const chainId of image.chainIds) lease.add("layer", chainId);
        lease.add("blob", image.id);
        if (image.manifestDigest) lease.add("blob", image.manifestDigest);
      }
      for (const blob of index?.blobs ?? []) lease.add("blob", blob.digest);
    }
    const plan = await makePlan(deps, chosen, options.signal);
    return write(deps, plan, chosen, lease);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

interface Chosen {
  /** One, or those of several platforms that were asked for. */
  images: ImageRecord[];
  /** Full names to save with it. */
  tags: string[];
  /** What the names stand for, where it goes whole. */
  index?: WholeIndex;
}

/** A bare repository name means all its tags; an id means the image without names. */
async function choose(deps: ImageDeps, names: readonly string[], platforms: readonly Platform[]): Promise<Chosen[]> {
  const chosen = new Map<string, Chosen>();
  const add = async (ref: string, tag?: string) => {
    const digest = indexOf(deps, ref);
    const index = platforms.length > 0 || digest === undefined ? undefined : await wholeIndex(deps, digest);
    const images = platforms.length === 0 ? [resolveImage(deps, ref)] : forPlatforms(deps, ref, platforms);
    const key = index?.digest ?? images.map(({ id }) => id).join();
    const entry = chosen.get(key) ?? { images, tags: [], ...(index && { index }) };
    if (tag !== undefined && !entry.tags.includes(tag)) entry.tags.push(tag);
    chosen.set(key, entry);
  };
  for (const name of names) {
    const parsed = parseAnyReference(name);
    if ("id" in parsed) await add(name);
    else if (parsed.tag === undefined && parsed.digest === undefined) {
      const tags = allNames(deps.store).filter((row) => row.kind === "tag" && row.repository === repositoryOf(parsed));
      for (const row of tags) await add(row.name, row.name);
      if (tags.length === 0) await add(name);
    } else {
      const isName = parsed.digest === undefined && allNames(deps.store).some((row) => row.name === fullString(parsed));
      await add(name, isName ? fullString(parsed) : undefined);
    }
  }
  if (chosen.size === 0) throw invalid("at least one image name is needed");
  return [...chosen.values()];
}

function forPlatforms(deps: ImageDeps, ref: string, platforms: readonly Platform[]): ImageRecord[] {
  const found = platforms.map((platform) => {
    try {
      return resolveImage(deps, ref, { platform });
    } catch (cause) {
      throw notFound(`no suitable export target found for platform ${formatPlatform(platform)}`, cause);
    }
  });
  return [...new Map(found.map((image) => [image.id, image])).values()];
}

interface Plan {
  /** By digest: content that is at hand, in the blob store, or packed while it is written. */
  blobs: Map<string, { size: number; open: () => AsyncIterable<Uint8Array> }>;
  index: Index;
  /** `manifest.json`. */
  docker: { Config: string; RepoTags: string[] | null; Layers: string[] }[];
}

async function makePlan(deps: ImageDeps, chosen: readonly Chosen[], signal: AbortSignal | undefined): Promise<Plan> {
  const plan: Plan = {
    blobs: new Map(),
    index: { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
    docker: [],
  };
  for (const { images, tags, index } of chosen) {
    // Those who read `manifest.json` know one image by a name: the one for this machine.
    const preferred = images.toSorted(
      (a, b) => platformScore(hostPlatform(), b.platform) - platformScore(hostPlatform(), a.platform),
    )[0];
    if (index) {
      addIndex(deps, plan, index, tags);
      if (preferred)
        plan.docker.push(
          dockerEntry(preferred.id, tags, parseManifest(await deps.blobs.read(preferred.manifestDigest ?? "")).layers),
        );
      continue;
    }
    const manifests: Descriptor[] = [];
    for (const image of images)
      manifests.push(await addImage(deps, plan, image, image === preferred ? tags : [], signal));
    const [only] = manifests;
    const entry =
      only && manifests.length === 1
        ? only
        : {
            mediaType: mediaTypes.ociIndex,
            ...addContent(
              plan,
              Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })),
            ),
          };
    plan.index.manifests.push(...named(entry, tags));
  }
  return plan;
}

async function addImage(
  deps: ImageDeps,
  plan: Plan,
  image: ImageRecord,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (const [i, diffId] of image.diffIds.entries())
    layers.push(await addLayer(deps, plan, image.chainIds.slice(0, i + 1), diffId, signal));
  const config = await deps.blobs.read(image.id);
  addContent(plan, config);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: image.id, size: config.length },
    layers,
  };
  plan.docker.push(dockerEntry(image.id, tags, layers));
  return {
    mediaType: mediaTypes.ociManifest,
    ...addContent(plan, Buffer.from(JSON.stringify(manifest))),
    platform: image.platform,
  };
}

/** All that an index names goes as it is. */
function addIndex(deps: ImageDeps, plan: Plan, index: WholeIndex, tags: readonly string[]): void {
  for (const { digest, size } of index.blobs) plan.blobs.set(digest, { size, open: () => deps.blobs.stream(digest) });
  const { mediaType, digest, size } = index;
  plan.index.manifests.push(...named({ mediaType, digest, size }, tags));
}

function named(entry: Descriptor, tags: readonly string[]): Descriptor[] {
  return tags.length === 0 ? [entry] : tags.map((tag) => ({ ...entry, annotations: annotations(tag) }));
}

function dockerEntry(imageId: string, tags: readonly string[], layers: readonly Descriptor[]): Plan["docker"][number] {
  return {
    Config: layoutPath(imageId),
    RepoTags: tags.length === 0 ? null : tags.map((tag) => familiarString(parseReference(tag))),
    Layers: layers.map((layer) => layoutPath(layer.digest)),
  };
}

async function addLayer(
  deps: ImageDeps,
  plan: Plan,
  chain: readonly string[],
  diffId: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const stored = storedArchive(deps, diffId);
  if (stored) {
    plan.blobs.set(stored.digest, { size: stored.size, open: () => deps.blobs.stream(stored.digest) });
    return stored;
  }
  const { size, stream } = await packedLayer(deps, chain, signal);
  plan.blobs.set(diffId, { size, open: stream });
  return { mediaType: mediaTypes.ociLayer, digest: diffId, size };
}

function addContent(plan: Plan, content: Uint8Array): { digest: string; size: number } {
  const digest = digestOf(content);
  async function* open(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  plan.blobs.set(digest, { size: content.length, open });
  return { digest, size: content.length };
}

function annotations(tag: string): Record<string, string> {
  return { "io.containerd.image.name": tag, "org.opencontainers.image.ref.name": parseReference(tag).tag ?? "latest" };
}

async function* write(
  deps: ImageDeps,
  plan: Plan,
  chosen: readonly Chosen[],
  lease: Lease,
): AsyncGenerator<Uint8Array> {
  try {
    yield encodeHeader(tarEntry({ name: "blobs", type: "directory", mode: 0o755 }));
    for (const algorithm of new Set([...plan.blobs.keys()].map(algorithmOf)).values())
      yield encodeHeader(tarEntry({ name: `blobs/${algorithm}`, type: "directory", mode: 0o755 }));
    for (const [digest, blob] of [...plan.blobs].sort(([a], [b]) => (a < b ? -1 : 1)))
      yield* member(layoutPath(digest), blob.size, blob.open);
    const json = (name: string, value: unknown) => textMember(name, JSON.stringify(value));
    yield* json("index.json", plan.index);
    yield* json("manifest.json", plan.docker);
    yield* json("oci-layout", { imageLayoutVersion: "1.0.0" });
    yield endOfArchive();
    for (const image of chosen.flatMap(({ images }) => images)) publishImageEvent(deps, "save", image.id, image.id);
  } finally {
    await lease[Symbol.asyncDispose]();
  }
}
