import { open, rm } from "node:fs/promises";
import { detectPacking } from "../../lib/decompress.ts";
import { invalid } from "../../lib/errors.ts";
import { ociLayerType } from "../../oci/media-types.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";

/** Moves a file of an archive into the blob store; the lease holds it. */
export async function adoptFile(deps: ImageDeps, lease: Lease, file: { path: string; digest: string }): Promise<void> {
  lease.add("blob", file.digest);
  if (deps.blobs.has(file.digest)) await rm(file.path, { force: true });
  else await deps.blobs.adopt(file.digest, file.path);
}

/** The media type of a layer archive, by its first bytes. */
export async function layerTypeOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const head = new Uint8Array(6);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const packing = detectPacking(head.subarray(0, bytesRead));
    if (packing === "bzip2" || packing === "xz") throw invalid(`layers compressed with ${packing} are not supported`);
    return ociLayerType(packing);
  } finally {
    await file.close();
  }
}
