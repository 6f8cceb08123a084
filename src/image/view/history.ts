import { parseRfc3339 } from "../../api/timestamps.ts";
import type { ImageHistoryResponseItem } from "../../api/types/image.ts";
import { internal } from "../../lib/errors.ts";
import type { Platform } from "../../oci/image.ts";
import { familiarOf } from "../../oci/reference.ts";
import type { ImageDeps } from "../deps.ts";
import { layerByChain } from "../layer-table.ts";
import { resolveImage } from "../resolve.ts";
import { imageById, namesOf } from "../table.ts";

/** `docker history`: newest step first, each with the image that ended with it, where that is here. */
export function imageHistory(
  deps: ImageDeps,
  refOrId: string,
  options: { platform?: Platform } = {},
): ImageHistoryResponseItem[] {
  const image = resolveImage(deps, refOrId, options);
  let layer = 0;
  const items = (image.config.history ?? [])
    .map((step): ImageHistoryResponseItem => {
      let size = 0;
      if (!step.empty_layer) {
        const chainId = image.chainIds[layer++];
        if (chainId === undefined) throw internal("too many non-empty layers in History section");
        size = layerByChain(deps.store, chainId)?.size ?? 0;
      }
      const created = step.created === undefined ? null : parseRfc3339(step.created);
      return {
        Id: "<missing>",
        Created: created === null ? 0 : Number(created / 1_000_000_000n),
        CreatedBy: step.created_by ?? "",
        Tags: [],
        Size: size,
        Comment: step.comment ?? "",
      };
    })
    .reverse();
  let id = image.id;
  for (const item of items) {
    const row = imageById(deps.store, id);
    if (!row) break;
    item.Id = id;
    item.Tags = namesOf(deps.store, id)
      .filter((name) => name.kind === "tag")
      .map((name) => familiarOf(name.name));
    id = row.parent_id;
  }
  return items;
}
