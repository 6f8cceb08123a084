import type { Filters } from "../api/filters.ts";
import type { ImageDeleteResponseItem } from "../api/types/image.ts";
import { noFilters } from "../api/filters.ts";
import { parseRfc3339 } from "../api/timestamps.ts";
import { conflict, errorKind, errorMessage, invalid } from "../lib/errors.ts";
import { hexOf } from "../oci/digest.ts";
import { collectGarbage } from "./collect.ts";
import type { ImageContext } from "./context.ts";
import { heldByIndexes } from "./index-table.ts";
import { allLayers } from "./layer-table.ts";
import { until } from "./list.ts";
import { removeImage } from "./remove.ts";
import { allImages, childrenOf, configOf, namesOf, type ImageRow } from "./table.ts";

/**
 * `docker image prune`: removes unnamed images that no container uses; with `dangling=false` all that no container uses.
 * Also frees what interrupted work left. Throws `conflict` while another prune runs.
 */
export async function pruneImages(ctx: ImageContext, filters: Filters = noFilters): Promise<{ ImagesDeleted: ImageDeleteResponseItem[] | null; SpaceReclaimed: number }> {
  filters.validate(["dangling", "label", "label!", "until"]);
  const danglingOnly = filters.matchBool("dangling", true);
  if (filters.get("until").length > 1) throw invalid("more than one until filter specified");
  const before = filters.get("until").map(until)[0];
  if (ctx.locks.isHeld("prune")) throw conflict("a prune operation is already running");
  using _lock = await ctx.locks.acquire("prune");

  const sizes = new Map(allLayers(ctx.store).map((layer) => [layer.chain_id, layer.size]));
  const deleted: ImageDeleteResponseItem[] = [];
  const held = heldByIndexes(ctx.store);
  for (const row of allImages(ctx.store).filter((row) => !held.has(row.id) && isCandidate(ctx, row, filters, before))) {
    for (const target of targetsOf(ctx, row, danglingOnly)) {
      try {
        deleted.push(...(await removeImage(ctx, target)));
      } catch (error) {
        if (errorKind(error) !== "conflict") ctx.log.warn("failed to prune image", { image: target, error: errorMessage(error) });
      }
    }
  }
  await collectGarbage(ctx);
  const SpaceReclaimed = deleted.reduce((sum, item) => sum + (sizes.get(item.Deleted ?? "") ?? 0), 0);
  ctx.events.publish("image", "prune", { ID: "", Attributes: { reclaimed: String(SpaceReclaimed) } });
  return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed };
}

function isCandidate(ctx: ImageContext, row: ImageRow, filters: Filters, before: bigint | undefined): boolean {
  if (namesOf(ctx.store, row.id).length === 0 && childrenOf(ctx.store, row.id).length > 0) return false;
  const created = parseRfc3339(row.created);
  if (before !== undefined && (created === null || created > before)) return false;
  return filters.matchPruneLabels(configOf(row).config?.Labels);
}

/** What to remove of an image: its names one by one, or itself where it has none. */
function targetsOf(ctx: ImageContext, row: ImageRow, danglingOnly: boolean): string[] {
  const names = namesOf(ctx.store, row.id);
  if (names.length === 0) return [hexOf(row.id)];
  return danglingOnly && names.some((name) => name.kind === "tag") ? [] : names.map((name) => name.name);
}
