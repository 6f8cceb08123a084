import type { Lease } from "../../image/collect/lease.ts";
import { layerChain } from "../../image/layer/find.ts";
import { layerArchive } from "../../image/layer/layer-archive.ts";
import type { RemoteDeps } from "../../image/remote/deps.ts";
import { endpoints } from "../../image/remote/endpoints.ts";
import { onEndpoint } from "../../image/remote/on-endpoint.ts";
import { pushManifest } from "../../image/remote/push.ts";
import { invalid } from "../../lib/errors.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import type { StageResult } from "../result.ts";
import { type CacheStep, cacheConfigType, encodeDocument } from "./document.ts";
import { CacheLost, type ImportedCaches } from "./imported.ts";
import type { CacheSpec } from "./spec.ts";

/** A step of this build, with the whole chain that it led to. */
export interface UsedStep extends CacheStep {
  chain: readonly string[];
  diffIds: readonly string[];
}

/**
 * What it takes to export a cache: where to (`spec`), and the steps and results of the build. `tell` shows a line of
 * progress.
 */
export interface CacheExport {
  spec: CacheSpec;
  steps: readonly UsedStep[];
  results: readonly StageResult[];
  imported: ImportedCaches;
  request: BuildRequest;
  lease: Lease;
  signal: AbortSignal;
  tell: (text: string) => void;
}

/** Refuses what cannot be done, before a build begins. */
export function checkCacheTarget({ type, attributes }: CacheSpec): void {
  const mode = attributes.get("mode") ?? "min";
  if (mode !== "min" && mode !== "max") throw invalid(`unsupported cache mode: ${mode}`);
  const compression = attributes.get("compression") ?? "gzip";
  if (compression !== "gzip" && compression !== "zstd") throw invalid(`unsupported compression type: ${compression}`);
  if (type === "registry") {
    if (!attributes.get("ref")) throw invalid("registry cache exporter requires ref");
  } else if (type !== "local" && type !== "inline") throw invalid(`unknown cache exporter: "${type}"`);
}

/**
 * Writes what this build did as a cache: `mode=min` with the layers of the result, `mode=max` with those of all stages.
 * For a registry it is pushed; otherwise it stays in the blob store, under the lease.
 */
export async function exportCache(
  deps: BuilderDeps,
  remote: RemoteDeps,
  { spec, steps, results, imported, request, lease, signal, tell }: CacheExport,
): Promise<{ manifest: Descriptor; blobs: Descriptor[] }> {
  const { attributes } = spec;
  const all = [...steps];
  const final = new Set(results.flatMap((result) => result.diffIds.slice(result.baseLayers)));
  const wanted = all.filter((step) => attributes.get("mode") === "max" || final.has(step.diffId));
  const compression = attributes.get("compression") === "zstd" ? "zstd" : "gzip";
  const layers = new Map<string, Descriptor>();
  for (const step of wanted) {
    if (layers.has(step.diffId)) continue;
    try {
      await imported.materialize(step, signal);
    } catch (error) {
      // Known from another cache by name only: it is passed on so.
      if (error instanceof CacheLost) continue;
      throw error;
    }
    layers.set(
      step.diffId,
      await layerArchive(deps.images, layerChain(deps.images, step.chainId), { compression, lease, signal }),
    );
  }
  const content = encodeDocument({ steps: all, layers });
  const put = async (bytes: Uint8Array, mediaType: string): Promise<Descriptor> => {
    const digest = digestOf(bytes);
    lease.add("blob", digest);
    await deps.images.blobs.put(bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = await put(content, cacheConfigType);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [...layers.values()],
  };
  const bytes = Buffer.from(JSON.stringify(manifest, null, 2));
  const descriptor = await put(bytes, mediaTypes.ociManifest);
  if (spec.type === "registry") {
    const ref = withDefaultTag(parseReference(attributes.get("ref") ?? ""));
    const auth = await request.session.credentials(ref.domain);
    await onEndpoint(remote, endpoints(ref.domain, remote.config(), "push"), auth, (client) =>
      pushManifest(
        remote,
        client,
        ref,
        {
          content: bytes,
          mediaType: mediaTypes.ociManifest,
          tag: ref.tag ?? descriptor.digest,
          below: [{ blobs: [config, ...layers.values()] }],
        },
        ({ id, status }) => {
          if (id && status && !/Preparing|Waiting|Pushing/.test(status)) tell(`${id}: ${status}`);
        },
        signal,
      ),
    );
  }
  return { manifest: descriptor, blobs: [...layers.values(), config] };
}
