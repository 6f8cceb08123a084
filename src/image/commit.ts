import { notFound } from "../lib/errors.ts";
import { timeNow } from "../linux/clock.ts";
import type { HistoryEntry, OciImageConfig, OciImageConfigFile } from "../oci/image.ts";
import { hostPlatform } from "../oci/platform.ts";
import { Lease } from "./collect/lease.ts";
import { createImage } from "./create.ts";
import type { ImageDeps } from "./deps.ts";
import { copyLayer } from "./layer/commit-layer.ts";
import { chainTo, layerByChain, rootfsRow } from "./layer-table.ts";
import type { ImageRecord } from "./record.ts";

/** What to make a new image of: a container's root filesystem and the configuration for it. */
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
  signal?: AbortSignal;
}

/** Makes an image of a container's root filesystem. The caller pauses the container where that is wanted. */
export async function commitRootfs(deps: ImageDeps, request: CommitRootfsRequest): Promise<ImageRecord> {
  const { containerId, parent, ref } = request;
  const row = rootfsRow(deps.store, containerId);
  if (!row) throw notFound(`container ${containerId} has no root filesystem`);
  await using lease = new Lease(deps);
  const chain = chainTo(deps.store, row.chain_id);
  const layer = await copyLayer(deps, containerId, chain, lease, request.signal);
  const diffIds = chain.map((chainId) => layerByChain(deps.store, chainId)?.diff_id ?? "");
  return await createImage(deps, {
    chain: layer.empty ? chain : [...chain, layer.chainId],
    config: configFile(request, layer.empty ? diffIds : [...diffIds, layer.diffId], layer.empty),
    ...(ref !== undefined && { tags: [ref] }),
    ...(parent && { parentId: parent.id }),
    lease,
  });
}

function configFile(
  { parent, config, author, comment, createdBy }: CommitRootfsRequest,
  diffIds: string[],
  empty: boolean,
): OciImageConfigFile {
  const created = timeNow();
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
