import { notFound } from "../lib/errors.ts";
import type { HistoryEntry, OciImageConfig, OciImageConfigFile } from "../oci/image.ts";
import { hostPlatform } from "../oci/platform.ts";
import { copyLayer } from "./commit-layer.ts";
import type { ImageContext } from "./context.ts";
import { createImage } from "./create.ts";
import { chainTo, layerByChain, rootfsRow } from "./layer-table.ts";
import { Lease } from "./lease.ts";
import type { ImageRecord } from "./record.ts";
import { targetReference } from "./tag.ts";

export interface CommitRootfsRequest {
  containerId: string;
  /** The image that the container was made of. */
  parent: ImageRecord | null;
  /** The whole run configuration of the new image, changes applied. */
  config: OciImageConfig;
  author?: string;
  comment?: string;
  /** `created_by` of the history: the container's command. */
  createdBy?: string;
  /** Name for it, as the user wrote it (`repo:tag`). */
  ref?: string;
}

/** Makes an image of a container's root filesystem. The caller pauses the container where that is wanted. */
export async function commitRootfs(ctx: ImageContext, request: CommitRootfsRequest): Promise<ImageRecord> {
  const { containerId, parent, ref } = request;
  if (ref !== undefined) targetReference(ref);
  const row = rootfsRow(ctx.store, containerId);
  if (!row) throw notFound(`container ${containerId} has no root filesystem`);
  await using lease = new Lease(ctx);
  const chain = chainTo(ctx.store, row.chain_id);
  const layer = await copyLayer(ctx, containerId, chain, lease);
  const diffIds = chain.map((chainId) => layerByChain(ctx.store, chainId)?.diff_id ?? "");
  return await createImage(ctx, {
    chain: layer.empty ? chain : [...chain, layer.chainId],
    config: configFile(request, layer.empty ? diffIds : [...diffIds, layer.diffId], layer.empty),
    ...(ref !== undefined && { tags: [ref] }),
    ...(parent && { parentId: parent.id }),
    lease,
  });
}

function configFile({ parent, config, author, comment, createdBy }: CommitRootfsRequest, diffIds: string[], empty: boolean): OciImageConfigFile {
  const created = new Date().toISOString();
  const entry: HistoryEntry = {
    created,
    ...(author && { author }),
    created_by: createdBy ?? "",
    ...(comment && { comment }),
    ...(empty && { empty_layer: true }),
  };
  return {
    created,
    ...(author && { author }),
    ...(parent ? parent.platform : hostPlatform()),
    config,
    rootfs: { type: "layers", diff_ids: diffIds },
    history: [...(parent?.config.history ?? []), entry],
  };
}
