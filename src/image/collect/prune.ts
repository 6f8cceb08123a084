import type { Filters } from "../../api/filters.ts";
import { noFilters } from "../../api/filters.ts";
import { parseRfc3339 } from "../../api/timestamps.ts";
import type { ImageDeleteResponseItem } from "../../api/types/image.ts";
import { untilOf } from "../../api/until-filter.ts";
import { conflict, errorKind, errorMessage } from "../../lib/errors.ts";
import { hexOf } from "../../oci/digest.ts";
import { parseAnyReference } from "../../oci/reference.ts";
import type { ImageDeps } from "../deps.ts";
import { heldByIndexes } from "../index/index-table.ts";
import { allLayers } from "../layer-table.ts";
import { removeImage } from "../remove.ts";
import { storedName } from "../resolve.ts";
import { allImages, childrenOf, configOf, type ImageRow, type NameRow, namesOf } from "../table.ts";
import { collectGarbage } from "./collect.ts";

/**
 * `docker image prune`: removes unnamed images that no container uses; with `dangling=false` all that no container
 * uses, and of those in use the names that no container was made by. Also frees what interrupted work left. Throws
 * `conflict` while another prune runs.
 */
export async function pruneImages(
  deps: ImageDeps,
  filters: Filters = noFilters,
): Promise<{ ImagesDeleted: ImageDeleteResponseItem[] | null; SpaceReclaimed: number }> {
  filters.validate(["dangling", "label", "label!", "until"]);
  const danglingOnly = filters.matchBool("dangling", true);
  const before = untilOf(filters);
  if (deps.locks.isHeld("prune")) throw conflict("a prune operation is already running");
  using _lock = await deps.locks.acquire("prune");

  const sizes = new Map(allLayers(deps.store).map((layer) => [layer.chain_id, layer.size]));
  const deleted: ImageDeleteResponseItem[] = [];
  const held = heldByIndexes(deps.store);
  for (const row of allImages(deps.store).filter(
    (row) => !held.has(row.id) && isCandidate(deps, row, filters, before),
  )) {
    for (const target of targetsOf(deps, row, danglingOnly)) {
      try {
        deleted.push(...(await removeImage(deps, target)));
      } catch (error) {
        if (errorKind(error) !== "conflict")
          deps.log.warn("failed to prune image", { image: target, error: errorMessage(error) });
      }
    }
  }
  await collectGarbage(deps);
  const SpaceReclaimed = deleted.reduce((sum, item) => sum + (sizes.get(item.Deleted ?? "") ?? 0), 0);
  deps.events.publish("image", "prune", { ID: "", Attributes: { reclaimed: String(SpaceReclaimed) } });
  return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed };
}

function isCandidate(deps: ImageDeps, row: ImageRow, filters: Filters, before: bigint | null): boolean {
  if (namesOf(deps.store, row.id).length === 0 && childrenOf(deps.store, row.id).length > 0) return false;
  const created = parseRfc3339(row.created);
  if (before !== null && (created === null || created > before)) return false;
  return filters.matchPruneLabels(configOf(row).config?.Labels);
}

/**
 * What to remove of an image: its names one by one, or itself where it has none. The name that a container was made by
 * stays, since the container's next one would be made by it; so do its digests, and the tags beside a digest.
 */
function targetsOf(deps: ImageDeps, row: ImageRow, danglingOnly: boolean): string[] {
  const names = namesOf(deps.store, row.id);
  if (names.length === 0) return [hexOf(row.id)];
  if (danglingOnly && names.some((name) => name.kind === "tag")) return [];
  const made = new Set(
    deps.imageUsers
      .namesUsed(row.id)
      .map(parseAnyReference)
      .flatMap((ref) => ("id" in ref ? [] : storedName(ref))),
  );
  const kept = names.filter((name) => made.has(name.name));
  const goesWith = (name: NameRow) =>
    kept.some(
      ({ kind, repository }) => repository === name.repository && (kind === "digest" || name.kind === "digest"),
    );
  return names.filter((name) => !kept.includes(name) && !goesWith(name)).map((name) => name.name);
}
