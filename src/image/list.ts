import type { ImageSummary } from "../api/types/image.ts";
import { noFilters, type Filters } from "../api/filters.ts";
import { parseRfc3339, parseTime } from "../api/timestamps.ts";
import { EngineError, invalid } from "../lib/errors.ts";
import { goMatch } from "../lib/glob.ts";
import { familiarName, familiarString, fullString, parseReference, repositoryOf } from "../oci/reference.ts";
import type { ImageContext } from "./context.ts";
import { heldByIndexes } from "./index-table.ts";
import { allLayers } from "./layer-table.ts";
import { findImage } from "./resolve.ts";
import { allImages, allNames, configOf, containerCounts, type ImageRow, type NameRow } from "./table.ts";

export interface ListImagesOptions {
  /** Also the unnamed images that others were built upon. */
  all?: boolean;
  filters?: Filters;
  /** Fill in `SharedSize`. */
  sharedSize?: boolean;
}

const accepted = ["dangling", "label", "label!", "before", "since", "reference", "until"];

/** `docker images`, newest first. */
export function listImages(ctx: ImageContext, options: ListImagesOptions = {}): ImageSummary[] {
  const { all = false, filters = noFilters, sharedSize = false } = options;
  filters.validate(accepted);
  const danglingOnly = filters.matchBool("dangling", false);
  const [before, since] = bounds(ctx, filters);
  const names = Map.groupBy(allNames(ctx.store), (name) => name.image_id);
  const rows = allImages(ctx.store);
  const parents = new Set(rows.map((row) => row.parent_id));
  const counts = containerCounts(ctx.store);
  const held = heldByIndexes(ctx.store);
  const shared = sharedSize ? sharedSizes(ctx) : undefined;

  const found: { row: ImageRow; summary: ImageSummary }[] = [];
  for (const row of rows) {
    // Those of other platforms are behind the name that the first of them has.
    if (held.has(row.id) || (danglingOnly && parents.has(row.id))) continue;
    const created = parseRfc3339(row.created);
    if (before !== undefined && (created === null || created >= before)) continue;
    if (since !== undefined && (created === null || created <= since)) continue;
    const config = configOf(row);
    const labels = config.config?.Labels;
    if (!filters.matchLabels(labels) || (filters.has("label!") && filters.matchLabels(labels, "label!"))) continue;
    const own = (names.get(row.id) ?? []).filter((name) => matchesReference(filters, name));
    const tags = own.filter((name) => name.kind === "tag");
    if (own.length === 0) {
      // An image without a name that others stand upon is a step of their making.
      if (!all && parents.has(row.id)) continue;
      if (filters.has("reference") || (filters.has("dangling") && !danglingOnly)) continue;
    } else if (danglingOnly && tags.length > 0) continue;
    found.push({
      row,
      summary: {
        Id: row.id,
        ParentId: row.parent_id,
        RepoTags: tags.map((name) => familiar(name)),
        RepoDigests: own.filter((name) => name.kind === "digest").map((name) => familiar(name)),
        Created: created === null ? 0 : Number(created / 1_000_000_000n),
        Size: row.size,
        SharedSize: shared?.get(row.id) ?? -1,
        Labels: labels ?? {},
        Containers: counts.get(row.id) ?? 0,
      },
    });
  }
  return found.sort((a, b) => b.summary.Created - a.summary.Created || (a.row.id < b.row.id ? -1 : 1)).map(({ summary }) => summary);
}

/** `before`, `since` and `until` as moments in nanoseconds; several of a kind must all hold. */
function bounds(ctx: ImageContext, filters: Filters): [before: bigint | undefined, since: bigint | undefined] {
  const created = (name: string) => parseRfc3339(findImage(ctx, name).created);
  const earliest = [...filters.get("before").map(created), ...filters.get("until").map(until)].filter((time) => time !== null);
  const latest = filters.get("since").map(created).filter((time) => time !== null);
  const least = (times: bigint[]) => times.reduce<bigint | undefined>((least, time) => (least === undefined || time < least ? time : least), undefined);
  const most = (times: bigint[]) => times.reduce<bigint | undefined>((most, time) => (most === undefined || time > most ? time : most), undefined);
  return [least(earliest), most(latest)];
}

/** A moment, or a span before now. */
export function until(value: string): bigint {
  try {
    return parseTime(value);
  } catch (error) {
    throw invalid(`invalid value for 'until' filter: ${error instanceof EngineError ? error.message : error}`);
  }
}

function matchesReference(filters: Filters, name: NameRow): boolean {
  if (!filters.has("reference")) return true;
  const ref = parseReference(name.name);
  const forms = [familiarString(ref), familiarName(ref), fullString(ref), repositoryOf(ref)];
  return filters.get("reference").some((pattern) => forms.some((form) => goMatch(pattern, form)));
}

function familiar(name: NameRow): string {
  return familiarString(parseReference(name.name));
}

/** For each image the bytes of those of its layers that other images have too. */
export function sharedSizes(ctx: ImageContext): Map<string, number> {
  const sizes = new Map(allLayers(ctx.store).map((layer) => [layer.chain_id, layer.size]));
  const uses = ctx.store.query<{ image_id: string; chain_id: string }, []>("SELECT image_id, chain_id FROM image_layer").all();
  const users = new Map<string, number>();
  for (const { chain_id } of uses) users.set(chain_id, (users.get(chain_id) ?? 0) + 1);
  const shared = new Map<string, number>(allImages(ctx.store).map((row) => [row.id, 0]));
  for (const { image_id, chain_id } of uses) {
    if ((users.get(chain_id) ?? 0) > 1) shared.set(image_id, (shared.get(image_id) ?? 0) + (sizes.get(chain_id) ?? 0));
  }
  return shared;
}
