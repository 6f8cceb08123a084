import type { ImageParts } from "../../image/index/make-manifest.ts";
import { digestOf } from "../../oci/digest.ts";
import type { BuilderDeps } from "../deps.ts";
import type { BuildRequest } from "../request.ts";
import type { Solved } from "../solved.ts";
import { imageFile } from "./image-file.ts";
import { type Packed, type PackForm, packImages } from "./pack.ts";

/** Packs what was built for others: nothing of it is to be seen among this engine's images. */
export async function packResults(
  deps: BuilderDeps,
  request: BuildRequest,
  { results, used, materials, startedAt, lease, signal }: Solved,
  form: PackForm,
): Promise<Packed> {
  const images: ImageParts[] = [];
  for (const stage of results) {
    const file = Buffer.from(JSON.stringify(imageFile(request, stage, [...used.values()])));
    const id = digestOf(file);
    lease.add("blob", id);
    await deps.images.blobs.put(file);
    images.push({ id, chainIds: stage.chain, diffIds: stage.diffIds, platform: stage.platform });
  }
  return packImages(deps, request, images, form, { materials, startedAt }, lease, signal);
}
