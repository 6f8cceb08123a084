import { digestOf } from "../../oci/digest.ts";
import { hostPlatform, platformScore } from "../../oci/platform.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import type { ImageRecord } from "../record.ts";
import { addImageBlobs } from "../table.ts";
import { setIndex } from "./index-table.ts";

/** An index to be registered as an image of its own, whose members are registered already. */
export interface IndexRequest {
  /** The index, byte for byte. */
  content: Uint8Array;
  /** Images that it names, registered by the manifests that it names. At least one. */
  members: readonly ImageRecord[];
  /** More blobs to keep with it: manifests of attestations, and what these name. */
  blobs?: readonly string[];
  lease: Lease;
}

/**
 * Makes an index of images known. Names are put on `primary`, with `digest` as their digest: they stand for all members
 * then. The primary is the image for this machine, or the first.
 */
export async function registerIndex(
  deps: ImageDeps,
  request: IndexRequest,
): Promise<{ digest: string; primary: ImageRecord }> {
  const { content, members, blobs = [], lease } = request;
  const host = hostPlatform();
  const [primary, ...others] = members.toSorted(
    (a, b) => platformScore(host, b.platform) - platformScore(host, a.platform),
  );
  if (!primary) throw new Error("an index needs an image");
  const digest = digestOf(content);
  lease.add("blob", digest);
  await deps.blobs.put(content);
  deps.store.transaction(() => {
    setIndex(
      deps.store,
      digest,
      [primary, ...others].map((image) => image.id),
    );
    // Each member keeps the whole index: it goes with the last of them.
    for (const image of members) addImageBlobs(deps.store, image.id, [digest, ...blobs]);
  })();
  return { digest, primary };
}
