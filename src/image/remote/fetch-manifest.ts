import { errorMessage, invalid, unavailable } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import type { BlobStore } from "../../oci/blobs.ts";
import { algorithmOf, digestOf, isDigest } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { RegistryClient } from "./client.ts";

/** What we can read; the first schema is asked for only so that it can be refused with a clear text. */
const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestV1Signed,
];

/** Registries refuse larger ones too (distribution specification: at least 4 MiB must be accepted). */
const maxManifestBytes = 4 * 1024 * 1024;

/** A manifest or an index, byte for byte as the registry sent it, with the digest of these bytes. */
export interface FetchedManifest {
  bytes: Uint8Array;
  mediaType: string;
  digest: string;
}

/** The scope of a registry's token that lets one pull from the repository (path without the host). */
export const pullScope = (repository: string) => `repository:${repository}:pull`;
/** The scope of a registry's token that lets one pull from the repository and push to it. */
export const pushScope = (repository: string) => `repository:${repository}:pull,push`;

const headers = { accept: manifestMediaTypes.join(", ") };

/**
 * Fetches a manifest or index by tag or digest and checks it against the digest asked for, or the one the
 * registry claims. Throws not-found, or `invalid` where the content is not what its digest says.
 */
export async function fetchManifest(
  client: RegistryClient,
  repository: string,
  reference: string,
  signal?: AbortSignal,
): Promise<FetchedManifest> {
  const response = await client.call(`/v2/${repository}/manifests/${reference}`, pullScope(repository), {
    headers,
    signal,
  });
  const bytes = await readBounded(response, maxManifestBytes);
  const byDigest = reference.includes(":");
  const expected = byDigest ? reference : response.headers.get("docker-content-digest");
  if (expected !== null && isDigest(expected)) {
    const actual = digestOf(bytes, algorithmOf(expected));
    if (actual !== expected)
      throw invalid(`manifest verification failed for digest ${expected}: the registry sent content of ${actual}`);
  }
  return {
    bytes,
    mediaType: mediaTypeOf(bytes, response.headers.get("content-type")),
    digest: byDigest ? reference : digestOf(bytes),
  };
}

/**
 * The manifest that a name stands for at the registry, where that is one which `blobs` has: for one HEAD, which
 * registries that count pulls do not count. Undefined where it is another, or where the registry does not say.
 */
export async function knownManifest(
  client: RegistryClient,
  repository: string,
  reference: string,
  blobs: BlobStore,
  signal?: AbortSignal,
): Promise<FetchedManifest | undefined> {
  const response = await client.call(`/v2/${repository}/manifests/${reference}`, pullScope(repository), {
    method: "HEAD",
    headers,
    accept: [400, 401, 403, 404, 405, 501],
    signal,
  });
  const told = response.headers.get("docker-content-digest");
  const digest = reference.includes(":") ? reference : told;
  if (!response.ok || digest === null || !isDigest(digest) || !blobs.has(digest)) return undefined;
  const bytes = await blobs.read(digest);
  return { bytes, mediaType: mediaTypeOf(bytes, response.headers.get("content-type")), digest };
}

/** The manifest's own word counts for more than the header, which proxies get wrong. */
function mediaTypeOf(bytes: Uint8Array, header: string | null): string {
  let own: unknown;
  try {
    own = parseJson(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid(`error unmarshalling content: ${errorMessage(cause)}`, cause);
  }
  if (typeof own !== "object" || own === null) throw invalid("the registry sent a manifest that is not a JSON object");
  if ("mediaType" in own && typeof own.mediaType === "string") return own.mediaType;
  const sent = header?.split(";")[0]?.trim() ?? "";
  if (manifestMediaTypes.includes(sent)) return sent;
  if ("schemaVersion" in own && own.schemaVersion === 1) return "application/vnd.docker.distribution.manifest.v1+json";
  return "manifests" in own ? "application/vnd.oci.image.index.v1+json" : "application/vnd.oci.image.manifest.v1+json";
}

async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit) throw unavailable(`the registry sent a manifest of more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
