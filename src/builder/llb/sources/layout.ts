import type { ImageRecord } from "../../../image/record.ts";
import { notFound } from "../../../lib/errors.ts";
import { isDigest } from "../../../oci/digest.ts";
import type { Platform } from "../../../oci/image.ts";
import { layoutImages } from "../../source/layout-images.ts";
import { BadDefinition } from "../graph.ts";
import type { LlbWork, Output } from "../work.ts";
import { asResult, limited, platformOf } from "./image.ts";
import type { SourceRequest } from "./request.ts";

/** An image in a layout that a client offers. */
export interface LayoutImage {
  /** `NAME@DIGEST`: the store's name, unless that is told by itself. */
  ref: string;
  store: string | undefined;
  /** Of another client than the build's own, by the id of its session. */
  session: string | undefined;
  platform: Platform;
}

/** `oci-layout://NAME@DIGEST`: an image in a folder of the client, for the time of the build. */
export async function layoutSource(work: LlbWork, { vertex, rest, attributes }: SourceRequest): Promise<Output> {
  attributes.only(["oci.session", "oci.store", "oci.layerlimit"]);
  const image = await resolveLayout(work, {
    ref: rest,
    store: attributes.get("oci.store"),
    session: attributes.get("oci.session"),
    platform: platformOf(vertex.op.platform),
  });
  const layers = asResult(image);
  for (const chainId of layers.chain) work.lease.add("layer", chainId);
  return { layers: limited(layers, attributes.number("oci.layerlimit")) };
}

/** Brings an image out of a layout of a client. Throws not-found where there is none. */
export async function resolveLayout(
  { deps, client, undo, signal }: Pick<LlbWork, "deps" | "client" | "undo" | "signal">,
  { ref, store, session, platform }: LayoutImage,
): Promise<ImageRecord> {
  const at = ref.lastIndexOf("@");
  const [name, digest] = [ref.slice(0, Math.max(at, 0)).replace(/:[^/]*$/, ""), ref.slice(at + 1)];
  if (at < 1 || !isDigest(digest)) throw new BadDefinition(`invalid OCI layout ${JSON.stringify(ref.slice(0, 200))}`);
  const blobs = await client.layout(store ?? name, session);
  if (!blobs) throw notFound(`the client offers no OCI layout ${store ?? name}`);
  const [image] = await layoutImages(deps, { blobs, digest, platforms: [platform] }, undo, signal);
  if (!image) throw notFound(`no image ${digest} in the OCI layout`);
  return image;
}
