import { digestOf } from "../oci/digest.ts";
import { hostPlatform, platformScore } from "../oci/platform.ts";
import type { ImageContext } from "./context.ts";
import { setIndex } from "./index-table.ts";
import type { Lease } from "./lease.ts";
import type { ImageRecord } from "./record.ts";
import { addImageBlobs } from "./table.ts";

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
export async function registerIndex(ctx: ImageContext, request: IndexRequest): Promise<{ digest: string; primary: ImageRecord }> {
  const { content, members, blobs = [], lease } = request;
  const host = hostPlatform();
  const [primary, ...others] = members.toSorted((a, b) => platformScore(host, b.platform) - platformScore(host, a.platform));
  if (!primary) throw new Error("an index needs an image");
  const digest = digestOf(content);
  lease.add("blob", digest);
  await ctx.blobs.put(content);
  ctx.store.transaction(() => {
    setIndex(ctx.store, digest, [primary, ...others].map((image) => image.id));
    // Each keeps the whole index: whichever goes last takes it away.
    for (const image of members) addImageBlobs(ctx.store, image.id, [digest, ...blobs]);
  })();
  return { digest, primary };
}
