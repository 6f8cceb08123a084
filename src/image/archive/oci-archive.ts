import { EngineError, invalid, notFound } from "../../lib/errors.ts";
import { hexOf } from "../../oci/digest.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { isIndex, isManifest } from "../../oci/media-types.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { formatPlatform, hostPlatform, platformScore } from "../../oci/platform.ts";
import { parseReference, withDefaultTag, type Reference } from "../../oci/reference.ts";
import type { FoundEntry, FoundImage } from "./found.ts";
import type { ArchiveFiles } from "./members.ts";

const NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";
const MAX_DEPTH = 8;

/** Reads an OCI image layout. Of an image for several platforms all that the archive holds are taken, or the one that suits `platform` best. */
export async function readOciArchive(files: ArchiveFiles, platform: Platform | undefined): Promise<FoundEntry[]> {
  const { manifests } = parseIndex(await files.read("index.json"));
  const found = new Map<string, FoundEntry>();
  for (const entry of manifests) {
    const whole = platform ? undefined : await readIndex(files, entry);
    const single = whole ? undefined : await readEntry(files, entry, platform ?? hostPlatform(), 0);
    const digest = whole ? entry.digest : single?.digest;
    if (digest === undefined) continue;
    const known = found.get(digest) ?? { images: whole?.images ?? (single ? [single.image] : []), names: [], ...(whole && { index: whole.index }) };
    known.names.push(...nameOf(entry));
    found.set(digest, known);
  }
  if (found.size === 0 && manifests.length > 0) throw notFound(`no image in the archive is made for ${formatPlatform(platform ?? hostPlatform())}`);
  return [...found.values()];
}

/** True where an entry of the layout is an index that is there with more than one manifest. */
export async function holdsIndex(files: ArchiveFiles): Promise<boolean> {
  for (const entry of parseIndex(await files.read("index.json")).manifests) if (await readIndex(files, entry)) return true;
  return false;
}

/** An index of which everything is there, attestations too; undefined for what is none or lacks something. */
async function readIndex(files: ArchiveFiles, entry: Descriptor): Promise<{ images: FoundImage[]; index: NonNullable<FoundEntry["index"]> } | undefined> {
  if (!files.has(blobName(entry.digest))) return undefined;
  const content = await blob(files, entry.digest);
  const type = documentType(content) ?? entry.mediaType;
  if (!isIndex(type)) return undefined;
  const images: FoundImage[] = [];
  const blobs: string[] = [];
  for (const child of parseIndex(content, type).manifests) {
    if (!isManifest(child.mediaType) || !files.has(blobName(child.digest))) return undefined;
    if (child.annotations?.["vnd.docker.reference.type"] === undefined) {
      const image = await readEntry(files, child, hostPlatform(), 1);
      if (!image || !image.image.layers.every(({ name }) => files.has(name))) return undefined;
      images.push(image.image);
    } else {
      const { config, layers } = parseManifest(await blob(files, child.digest), child.mediaType);
      const named = [child, config, ...layers].map(({ digest }) => digest);
      if (!named.every((digest) => files.has(blobName(digest)))) return undefined;
      blobs.push(...named);
    }
  }
  return images.length === 0 || images.length + blobs.length < 2 ? undefined : { images, index: { content, blobs } };
}

async function readEntry(files: ArchiveFiles, entry: Descriptor, platform: Platform, depth: number): Promise<{ digest: string; image: FoundImage } | undefined> {
  if (depth > MAX_DEPTH) throw invalid("image index is nested too deeply");
  const content = await blob(files, entry.digest);
  const type = documentType(content) ?? entry.mediaType;
  if (isIndex(type)) {
    const ranked = parseIndex(content, type).manifests
      .map((child) => ({ child, score: child.platform ? platformScore(platform, child.platform) : 1 }))
      .filter(({ child, score }) => score > 0 && child.annotations?.["vnd.docker.reference.type"] === undefined)
      .sort((a, b) => b.score - a.score);
    for (const { child } of ranked) {
      // An archive may hold less than its index names.
      if (!files.has(blobName(child.digest))) continue;
      const image = await readEntry(files, child, platform, depth + 1);
      if (image) return image;
    }
    return undefined;
  }
  if (!isManifest(type)) return undefined;
  const manifest = parseManifest(content, type);
  const config = await blob(files, manifest.config.digest);
  try {
    parseImageConfig(config);
  } catch (error) {
    // Artifacts that are no images share the manifest's form.
    if (error instanceof EngineError && error.kind === "invalid" && depth > 0) return undefined;
    throw error;
  }
  const layers = manifest.layers.map((layer) => ({ name: blobName(layer.digest), mediaType: layer.mediaType }));
  return { digest: entry.digest, image: { config, layers, manifest: content } };
}

async function blob(files: ArchiveFiles, digest: string): Promise<Uint8Array> {
  const name = blobName(digest);
  if (files.file(name).digest !== digest) throw invalid(`content of ${name} in archive does not have that digest`);
  return files.read(name);
}

export function blobName(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** A name in full, or a bare tag, which alone names nothing. */
function nameOf(entry: Descriptor): Reference[] {
  const text = entry.annotations?.[NAME] ?? entry.annotations?.[REF_NAME];
  if (text === undefined || (entry.annotations?.[NAME] === undefined && !/[:/@]/.test(text))) return [];
  try {
    const ref = parseReference(text);
    return ref.digest === undefined ? [withDefaultTag(ref)] : [];
  } catch {
    return [];
  }
}
