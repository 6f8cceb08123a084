import type { Lease } from "../../image/collect/lease.ts";
import { createImage } from "../../image/create.ts";
import { keepManifest } from "../../image/index/make-manifest.ts";
import { registerIndex } from "../../image/index/register-index.ts";
import type { ImageRecord } from "../../image/record.ts";
import { putImageName, targetReference } from "../../image/tag.ts";
import type { BuildFacts } from "../attest/attest.ts";
import type { CacheStep } from "../cache/document.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import type { StageResult } from "../result.ts";
import { imageFile } from "./image-file.ts";
import { type Packed, type PackForm, packImages } from "./pack.ts";

/** What a build gave. */
export interface BuildOutcome {
  /** Of the image; of an index its digest. Either is found by it. */
  id: string;
  /** One for each platform, in the order asked for. */
  images: ImageRecord[];
  /**
   * The manifest or the index, where one was made: for several platforms, attestations, annotations, or because it was
   * asked for.
   */
  packed?: Packed;
}

/** The stages as images in the store, behind an index where that is called for, with their names. */
export async function exportImages(
  deps: BuilderDeps,
  request: BuildRequest,
  stages: readonly StageResult[],
  steps: readonly CacheStep[],
  facts: BuildFacts,
  lease: Lease,
  signal: AbortSignal,
  form: PackForm = {},
): Promise<BuildOutcome> {
  const images: ImageRecord[] = [];
  for (const stage of stages)
    images.push(
      await createImage(deps.images, { chain: stage.chain, config: imageFile(request, stage, steps), lease }),
    );
  const names = request.tags.map((tag) => targetReference(tag));
  const [first] = images;
  if (!first) throw new Error("a build has a result");
  const attested = request.attests.sbom || request.attests.provenance !== undefined;
  const bare = images.length === 1 && !attested && form.index !== true;
  if (bare && !request.describe && request.annotations.length === 0) {
    for (const name of names) putImageName(deps.images, first.id, name);
    return { id: first.id, images };
  }
  const packed = await packImages(deps, request, images, form, facts, lease, signal);
  for (const [index, { descriptor }] of packed.manifests.entries())
    keepManifest(deps.images, images[index]?.id ?? "", descriptor.digest);
  if (!packed.indexed) {
    for (const name of names) putImageName(deps.images, first.id, name);
    return { id: first.id, images, packed };
  }
  const { digest, primary } = await registerIndex(deps.images, {
    content: packed.content,
    members: images,
    blobs: packed.attestations.flatMap(({ descriptor, blobs }) => [descriptor, ...blobs]).map((each) => each.digest),
    lease,
  });
  for (const name of names) putImageName(deps.images, primary.id, name, { digest });
  return { id: images.length > 1 ? digest : first.id, images, packed };
}
