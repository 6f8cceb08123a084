import type { Lease } from "../../image/collect/lease.ts";
import { type ImageParts, type MadeManifest, makeManifest } from "../../image/index/make-manifest.ts";
import type { LayerForm } from "../../image/layer/layer-archive.ts";
import { invalid } from "../../lib/errors.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Index } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { Attachment } from "../attest/attach.ts";
import { attest, type BuildFacts } from "../attest/attest.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import { annotationsFor } from "./annotations.ts";

/** What is made of images so that others can take them: all of it is in the blob store. */
export interface Packed {
  /** Of the index, or of the only manifest. */
  top: Descriptor;
  content: Uint8Array;
  /** Whether it is an index. */
  indexed: boolean;
  /** One for each image. */
  manifests: MadeManifest[];
  attestations: Attachment[];
}

/** How images are packed. */
export interface PackForm extends LayerForm {
  /** Docker's media types, where nothing asks for OCI's. */
  docker?: boolean;
  /** An index for one platform too. */
  index?: boolean;
}

/**
 * Makes manifests of images, attestations on them where they were asked for, and an index where there is more than one
 * manifest. Throws `invalid` for annotations of an index that there is not.
 */
export async function packImages(
  deps: BuilderDeps,
  request: BuildRequest,
  images: readonly ImageParts[],
  { docker = false, index = false, ...form }: PackForm,
  facts: BuildFacts,
  lease: Lease,
  signal: AbortSignal,
): Promise<Packed> {
  const { annotations, attests } = request;
  const plain = annotations.length === 0 && !attests.sbom && attests.provenance === undefined;
  const types = { docker: docker && plain && form.compression !== "zstd" };
  const manifests: MadeManifest[] = [];
  const attestations: Attachment[] = [];
  for (const image of images) {
    const made = await makeManifest(deps.images, image, {
      ...form,
      ...types,
      annotations: annotationsFor(annotations, "manifest", image.platform),
      lease,
      signal,
    });
    const own = annotationsFor(annotations, "manifest-descriptor", image.platform);
    const attestation = await attest(deps, request, image, made.descriptor, facts, lease);
    manifests.push({ ...made, descriptor: annotated(made.descriptor, own) });
    if (attestation) attestations.push(attestation);
  }
  const all = [...manifests, ...attestations].map(({ descriptor }) => descriptor);
  const [only] = all;
  if (only && all.length === 1 && !index) {
    if (annotations.some(({ level }) => level.startsWith("index")))
      throw invalid("index annotations not supported for single platform export");
    return { top: only, content: await deps.images.blobs.read(only.digest), indexed: false, manifests, attestations };
  }
  const mediaType = types.docker ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const own = annotationsFor(annotations, "index", undefined);
  const file: Index = {
    schemaVersion: 2,
    mediaType,
    manifests: all,
    ...(Object.keys(own).length > 0 && { annotations: own }),
  };
  const content = Buffer.from(JSON.stringify(file, null, 2));
  const top = { mediaType, digest: digestOf(content), size: content.length };
  lease.add("blob", top.digest);
  await deps.images.blobs.put(content);
  const described = annotated(top, annotationsFor(annotations, "index-descriptor", undefined));
  return { top: described, content, indexed: true, manifests, attestations };
}

function annotated(descriptor: Descriptor, annotations: Record<string, string>): Descriptor {
  return Object.keys(annotations).length === 0 ? descriptor : { ...descriptor, annotations };
}
