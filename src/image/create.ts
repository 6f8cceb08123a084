import type { OciImageConfigFile } from "../oci/image.ts";
import { Lease } from "./collect/lease.ts";
import type { ImageDeps } from "./deps.ts";
import { recordOf, registerImage } from "./images.ts";
import type { ImageRecord } from "./record.ts";
import { putImageName, targetReference } from "./tag.ts";

/** An image to be made of layers that are registered already. */
export interface CreateImageRequest {
  /** Registered layers, base first; as many as the configuration's diff ids. */
  chain: readonly string[];
  config: OciImageConfigFile;
  /** Names, as the user wrote them. */
  tags?: readonly string[];
  /** Image that it is made upon. */
  parentId?: string;
  lease?: Lease;
}

/**
 * Makes an image of layers that were made here (build, commit, import): writes its configuration and puts its names.
 */
export async function createImage(deps: ImageDeps, request: CreateImageRequest): Promise<ImageRecord> {
  const { chain, config, tags = [], parentId } = request;
  const names = tags.map((tag) => targetReference(tag));
  const content = Buffer.from(JSON.stringify(config));
  await using own = request.lease ? undefined : new Lease(deps);
  const lease = request.lease ?? own;
  if (!lease) throw new Error("a lease is there in either case");
  for (const chainId of chain) lease.add("layer", chainId);
  const image = await registerImage(deps, { config: content, lease, ...(parentId !== undefined && { parentId }) });
  for (const name of names) putImageName(deps, image.id, name);
  return names.length === 0 ? image : recordOf(deps, image.id);
}
