import { invalid } from "../../lib/errors.ts";
import { layerArchive } from "../../image/layer-archive.ts";
import { chainTo } from "../../image/layer-table.ts";
import type { Lease } from "../../image/lease.ts";
import { endpoints } from "../../image/remote/endpoints.ts";
import { onEndpoint } from "../../image/remote/on-endpoint.ts";
import { pushManifest } from "../../image/remote/push.ts";
import type { RemoteContext } from "../../image/remote/remote-context.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { BuildContext } from "../context.ts";
import type { BuildRequest } from "../request.ts";
import type { StageResult } from "../result.ts";
import { cacheConfigType, encodeDocument, type CacheStep } from "./document.ts";
import { CacheLost, type ImportedCaches } from "./imported.ts";
import type { CacheSpec } from "./spec.ts";

/** A step of this build, with the whole chain that it led to. */
export interface UsedStep extends CacheStep {
  chain: readonly string[];
  diffIds: readonly string[];
}

export interface CacheExport {
  spec: CacheSpec;
  steps: Iterable<UsedStep>;
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
 * For a registry it is pushed; otherwise it stays in the blob store, under the lease. Returns the cache's manifest.
 */
export async function exportCache(ctx: BuildContext, remote: RemoteContext, { spec, steps, results, imported, request, lease, signal, tell }: CacheExport): Promise<Descriptor> {
  const { attributes } = spec;
  const all = [...steps];
  const final = new Set(results.flatMap((result) => result.diffIds.slice(result.baseLayers)));
  const wanted = all.filter((step) => step.diffId !== "" && (attributes.get("mode") === "max" || final.has(step.diffId)));
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
    layers.set(step.diffId, await layerArchive(ctx.images, chainTo(ctx.store, step.chainId), { compression, lease, signal }));
  }
  const content = encodeDocument({ steps: all, layers });
  const put = async (bytes: Uint8Array, mediaType: string): Promise<Descriptor> => {
    const digest = digestOf(bytes);
    lease.add("blob", digest);
    await ctx.images.blobs.put(bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = await put(content, cacheConfigType);
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [...layers.values()] };
  const bytes = Buffer.from(JSON.stringify(manifest, null, 2));
  const descriptor = await put(bytes, mediaTypes.ociManifest);
  if (spec.type === "registry") {
    const ref = withDefaultTag(parseReference(attributes.get("ref") ?? ""));
    await onEndpoint(remote, endpoints(ref.domain, remote.config(), "push"), request.auth(ref.domain), (client) => pushManifest(
      remote, client, ref, { content: bytes, mediaType: mediaTypes.ociManifest, tag: ref.tag ?? descriptor.digest }, [{ blobs: [config, ...layers.values()] }],
      ({ id, status }) => { if (id && status && !/Preparing|Waiting|Pushing/.test(status)) tell(`${id}: ${status}`); }, signal,
    ));
  }
  return descriptor;
}
