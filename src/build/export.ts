import { createImage } from "../image/create.ts";
import type { Lease } from "../image/lease.ts";
import { makeManifest } from "../image/make-manifest.ts";
import type { ImageRecord } from "../image/record.ts";
import { registerIndex } from "../image/register-index.ts";
import { putImageName, targetReference } from "../image/tag.ts";
import type { Descriptor, Index } from "../oci/image.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { annotationsFor } from "./annotations.ts";
import { attest, type BuildFacts } from "./attest/attest.ts";
import { epochTime } from "./clamp-times.ts";
import type { BuildContext } from "./context.ts";
import { inlineCacheField, stepRows, type CacheStep } from "./cache/document.ts";
import type { BuildRequest } from "./request.ts";
import type { StageResult } from "./result.ts";

/** What became of a build. */
export interface BuildOutcome {
  /** Of the image; of an index its digest. Either is found by it. */
  id: string;
  /** One for each platform, in the order asked for. */
  images: ImageRecord[];
  /** Of the manifest or the index, where one was made: for several platforms, attestations, annotations, or because it was asked for. */
  descriptor?: Descriptor;
}

/** The stages as images in the store, behind an index where that is called for, with their names. */
export async function exportImages(ctx: BuildContext, request: BuildRequest, stages: readonly StageResult[], steps: Iterable<CacheStep>, facts: BuildFacts, lease: Lease, signal: AbortSignal): Promise<BuildOutcome> {
  const images: ImageRecord[] = [];
  for (const stage of stages) images.push(await exportImage(ctx, request, stage, steps, lease));
  const names = request.tags.map((tag) => targetReference(tag));
  const [first] = images;
  if (!first) throw new Error("a build has a result");
  const attested = request.attests.sbom || request.attests.provenance !== undefined;
  const indexed = images.length > 1 || attested;
  if (!indexed && !request.describe && request.annotations.length === 0) {
    for (const name of names) putImageName(ctx.images, first.id, name);
    return { id: first.id, images };
  }
  const manifests: Descriptor[] = [];
  const attestations: { descriptor: Descriptor; blobs: string[] }[] = [];
  for (const image of images) {
    const descriptor = await makeManifest(ctx.images, image, { annotations: annotationsFor(request.annotations, "manifest", image.platform), lease, signal });
    const own = annotationsFor(request.annotations, "manifest-descriptor", image.platform);
    manifests.push({ ...descriptor, ...(Object.keys(own).length > 0 && { annotations: own }) });
    const attestation = await attest(ctx, request, image, descriptor, facts, lease);
    if (attestation) attestations.push(attestation);
  }
  const [only] = manifests;
  if (!indexed && only) {
    for (const name of names) putImageName(ctx.images, first.id, name);
    return { id: first.id, images, descriptor: only };
  }
  const annotations = annotationsFor(request.annotations, "index", undefined);
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...manifests, ...attestations.map(({ descriptor }) => descriptor)], ...(Object.keys(annotations).length > 0 && { annotations }) };
  const content = Buffer.from(JSON.stringify(index, null, 2));
  const { digest, primary } = await registerIndex(ctx.images, { content, members: images, blobs: attestations.flatMap(({ blobs }) => blobs), lease });
  for (const name of names) putImageName(ctx.images, primary.id, name, { digest });
  return { id: images.length > 1 ? digest : first.id, images, descriptor: { mediaType: mediaTypes.ociIndex, digest, size: content.length } };
}

async function exportImage(ctx: BuildContext, request: BuildRequest, stage: StageResult, steps: Iterable<CacheStep>, lease: Lease): Promise<ImageRecord> {
  const labels = { ...stage.config.Labels, ...request.labels };
  const created = request.sourceDateEpoch === undefined ? stage.created : epochTime(request.sourceDateEpoch);
  return createImage(ctx.images, {
    chain: stage.chain,
    config: {
      ...(created && { created }), ...(stage.author && { author: stage.author }),
      architecture: stage.platform.architecture, os: stage.platform.os, ...(stage.platform.variant && { variant: stage.platform.variant }),
      config: { ...stage.config, ...(Object.keys(labels).length > 0 && { Labels: labels }) },
      rootfs: { type: "layers", diff_ids: stage.diffIds }, history: stage.history,
      ...(request.inlineCache && { [inlineCacheField]: stepRows(steps).map(([key, chainId, diffId, text, at]) => [key, chainId, diffId, text, request.sourceDateEpoch === undefined ? at : ""]) }),
    },
    lease,
  });
}
