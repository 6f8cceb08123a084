import { invalid } from "../../lib/errors.ts";
import { isDigest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/image.ts";
import { descriptor, isObject, object } from "../../oci/parse.ts";

/**
 * A build's cache outside of the engine: a manifest whose layers are those that steps made, and whose configuration is
 * this document. In images (inline) the document is a field of the configuration, and the image's own layers count.
 */
export interface CacheDocument {
  steps: CacheStep[];
  /** By diffID, the archives of the layers that come along. Steps may name others: these are known, but not there. */
  layers: Map<string, Descriptor>;
}

/** What a step's result was. */
export interface CacheStep {
  key: string;
  /** The chain of layers after it. */
  chainId: string;
  /** Its own layer. */
  diffId: string;
  description: string;
  /** RFC 3339; empty where builds are to give the same bytes at any time. */
  createdAt: string;
}

/** Media type of the cache document where it is an image's configuration. Berth's own. */
export const cacheConfigType = "application/vnd.berth.cacheconfig.v1+json";
/** Field of an image's configuration file that carries the document (`--cache-to type=inline`). */
export const inlineCacheField = "berth.build.cache.v1";

type Row = [key: string, chainId: string, diffId: string, description: string, createdAt: string];

/** The steps in a form that does not depend on the order in which they ran. */
export function stepRows(steps: Iterable<CacheStep>): Row[] {
  return [...steps]
    .map(({ key, chainId, diffId, description, createdAt }): Row => [key, chainId, diffId, description, createdAt])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Reads the steps; what is no step is passed over. */
export function readSteps(rows: unknown): CacheStep[] {
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    const [key, chainId, diffId, description, createdAt] = Array.isArray(row) ? row.map(String) : [];
    const sound =
      key !== undefined &&
      /^[0-9a-f]{64}$/.test(key) &&
      chainId !== undefined &&
      isDigest(chainId) &&
      diffId !== undefined &&
      isDigest(diffId);
    return sound ? [{ key, chainId, diffId, description: description ?? "", createdAt: createdAt ?? "" }] : [];
  });
}

/** The cache document as JSON. The same content gives the same bytes, in whatever order the steps ran. */
export function encodeDocument({ steps, layers }: CacheDocument): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      steps: stepRows(steps),
      layers: Object.fromEntries([...layers].sort(([a], [b]) => (a < b ? -1 : 1))),
    }),
  );
}

/**
 * Reads what {@link encodeDocument} wrote. Throws `invalid` if the document or its `layers` are broken; steps that are
 * broken are left out.
 */
export function parseDocument(content: Uint8Array): CacheDocument {
  const file = object(content, "build cache");
  if (!isObject(file.layers)) throw invalid("invalid build cache: layers");
  return {
    steps: readSteps(file.steps),
    layers: new Map(Object.entries(file.layers).map(([diffId, each]) => [diffId, descriptor(each)])),
  };
}
