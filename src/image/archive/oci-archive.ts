import { EngineError, invalid, notFound } from "../../lib/errors.ts";
import { layoutPath } from "../../oci/digest.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { isIndex, isManifest } from "../../oci/media-types.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { formatPlatform, hostPlatform, platformScore } from "../../oci/platform.ts";
import { parseReference, type Reference, withDefaultTag } from "../../oci/reference.ts";
import type { FoundEntry, FoundImage } from "./found.ts";
import type { ArchiveFiles } from "./members.ts";

const NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";
const MAX_DEPTH = 8;

/**
 * Reads an OCI image layout. Of an image for several platforms the ones that suit `platforms` best are taken; where
 * none is asked for, all if the archive holds all, else this machine's.
 */
export async function readOciArchive(files: ArchiveFiles, platforms: readonly Platform[]): Promise<FoundEntry[]> {
  const { manifests } = parseIndex(await files.read("index.json"));
  const wanted = platforms.length > 0 ? platforms : [hostPlatform()];
  const missing = new Set(wanted);
  const found = new Map<string, FoundEntry>();
  const add = (key: string, entry: FoundEntry) => {
    const known = found.get(key);
    if (known) known.names.push(...entry.names);
    else found.set(key, entry);
  };
  for (const entry of manifests) {
    const names = nameOf(entry);
    const whole = platforms.length === 0 ? await readIndex(files, entry) : undefined;
    if (whole) {
      missing.clear();
      add(entry.digest, { ...whole, names });
      continue;
    }
    const images = new Map<string, FoundImage>();
    for (const platform of wanted) {
      const single = await readEntry(files, entry, platform, 0);
      if (!single) continue;
      missing.delete(platform);
      images.set(single.digest, single.image);
    }
    if (images.size === 0) continue;
    add([...images.keys()].join(), {
      images: [...images.values()],
      names,
      ...(!images.has(entry.digest) && { index: { content: await blob(files, entry.digest), blobs: [] } }),
    });
  }
  const [lacking] = missing;
  if (lacking && (found.size === 0 || platforms.length > 0) && manifests.length > 0)
    throw notFound(`no image in the archive is made for ${formatPlatform(lacking)}`);
  return [...found.values()];
}

/** For an archive that is also Docker's: the index that each image is of, by the digest of its configuration. */
export async function readIndexes(files: ArchiveFiles): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const entry of parseIndex(await files.read("index.json")).manifests) {
    if (!files.has(layoutPath(entry.digest))) continue;
    const content = await blob(files, entry.digest);
    if (!isIndex(documentType(content) ?? entry.mediaType)) continue;
    for (const child of parseIndex(content).manifests) {
      if (isManifest(child.mediaType) && files.has(layoutPath(child.digest)))
        found.set(parseManifest(await blob(files, child.digest), child.mediaType).config.digest, content);
    }
  }
  return found;
}

/** True where an entry of the layout is an index that is there with more than one manifest. */
export async function holdsIndex(files: ArchiveFiles): Promise<boolean> {
  for (const entry of parseIndex(await files.read("index.json")).manifests)
    if (await readIndex(files, entry)) return true;
  return false;
}

/** An index of which everything is there, attestations too; undefined for what is none or lacks something. */
async function readIndex(
  files: ArchiveFiles,
  entry: Descriptor,
): Promise<{ images: FoundImage[]; index: NonNullable<FoundEntry["index"]> } | undefined> {
  if (!files.has(layoutPath(entry.digest))) return undefined;
  const content = await blob(files, entry.digest);
  const type = documentType(content) ?? entry.mediaType;
  if (!isIndex(type)) return undefined;
  const images: FoundImage[] = [];
  const blobs: string[] = [];
  for (const child of parseIndex(content, type).manifests) {
    if (!isManifest(child.mediaType) || !files.has(layoutPath(child.digest))) return undefined;
    if (child.annotations?.["vnd.docker.reference.type"] === undefined) {
      const image = await readEntry(files, child, hostPlatform(), 1);
      if (!image?.image.layers.every(({ name }) => files.has(name))) return undefined;
      images.push(image.image);
    } else {
      const { config, layers } = parseManifest(await blob(files, child.digest), child.mediaType);
      const named = [child, config, ...layers].map(({ digest }) => digest);
      if (!named.every((digest) => files.has(layoutPath(digest)))) return undefined;
      blobs.push(...named);
    }
  }
  return images.length === 0 || images.length + blobs.length < 2 ? undefined : { images, index: { content, blobs } };
}

async function readEntry(
  files: ArchiveFiles,
  entry: Descriptor,
  platform: Platform,
  depth: number,
): Promise<{ digest: string; image: FoundImage } | undefined> {
  if (depth > MAX_DEPTH) throw invalid("image index is nested too deeply");
  const content = await blob(files, entry.digest);
  const type = documentType(content) ?? entry.mediaType;
  if (isIndex(type)) {
    const ranked = parseIndex(content, type)
      .manifests.map((child) => ({ child, score: child.platform ? platformScore(platform, child.platform) : 1 }))
      .filter(({ child, score }) => score > 0 && child.annotations?.["vnd.docker.reference.type"] === undefined)
      .sort((a, b) => b.score - a.score);
    for (const { child } of ranked) {
      // An archive may hold less than its index names.
      if (!files.has(layoutPath(child.digest))) continue;
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
  const layers = manifest.layers.map((layer) => ({ name: layoutPath(layer.digest), mediaType: layer.mediaType }));
  return { digest: entry.digest, image: { config, layers, manifest: content } };
}

async function blob(files: ArchiveFiles, digest: string): Promise<Uint8Array> {
  const name = layoutPath(digest);
  if (files.file(name).digest !== digest) throw invalid(`content of ${name} in archive does not have that digest`);
  return files.read(name);
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
