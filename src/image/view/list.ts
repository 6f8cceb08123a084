import { type Filters, noFilters } from "../../api/filters.ts";
import { parseRfc3339, parseTime } from "../../api/timestamps.ts";
import type { ImageSummary } from "../../api/types/image.ts";
import { goMatch } from "../../lib/glob.ts";
import { familiarName, familiarString, parseReference } from "../../oci/reference.ts";
import type { ImageDeps } from "../deps.ts";
import { heldByIndexes } from "../index/index-table.ts";
import { allImageLayers, allLayers } from "../layer-table.ts";
import { findImage } from "../resolve.ts";
import { allImages, allNames, configOf, type ImageRow, type NameRow } from "../table.ts";

/** The query of `GET /images/json`. */
export interface ListImagesOptions {
  /** Also the unnamed images that others were built upon. */
  all?: boolean;
  filters?: Filters;
  /** Fill in `SharedSize`. */
  sharedSize?: boolean;
}

const accepted = ["dangling", "label", "before", "since", "reference", "until"];

/** `docker images`, newest first. */
export function listImages(deps: ImageDeps, options: ListImagesOptions = {}): ImageSummary[] {
  const { all = false, filters = noFilters, sharedSize = false } = options;
  filters.validate(accepted);
  const danglingOnly = filters.matchBool("dangling", false);
  const [before, since] = bounds(deps, filters);
  const names = Map.groupBy(allNames(deps.store), (name) => name.image_id);
  const rows = allImages(deps.store);
  const parents = new Set(rows.map((row) => row.parent_id));
  const counts = deps.imageUsers.counts();
  const held = heldByIndexes(deps.store);
  const shared = sharedSize ? sharedSizes(deps) : undefined;

  const found: { row: ImageRow; summary: ImageSummary }[] = [];
  for (const row of rows) {
    // Those of other platforms are behind the name that the first of them has.
    if (held.has(row.id) || (danglingOnly && parents.has(row.id))) continue;
    const created = parseRfc3339(row.created);
    if (before !== undefined && (created === null || created >= before)) continue;
    if (since !== undefined && (created === null || created <= since)) continue;
    const config = configOf(row);
    const labels = config.config?.Labels;
    if (!filters.matchLabels(labels)) continue;
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
        Labels: labels ?? null,
        Containers: counts.get(row.id) ?? 0,
      },
    });
  }
  return found
    .sort((a, b) => b.summary.Created - a.summary.Created || (a.row.id < b.row.id ? -1 : 1))
    .map(({ summary }) => summary);
}

/** `before`, `since` and `until` as moments in nanoseconds; several of a kind must all hold. */
function bounds(deps: ImageDeps, filters: Filters): [before: bigint | undefined, since: bigint | undefined] {
  const created = (name: string) => parseRfc3339(findImage(deps, name).created);
  const earliest = [
    ...filters.get("before").map(created),
    ...filters.get("until").map((value) => parseTime(value)),
  ].filter((time) => time !== null);
  const latest = filters
    .get("since")
    .map(created)
    .filter((time) => time !== null);
  const least = (times: bigint[]) =>
    times.reduce<bigint | undefined>((least, time) => (least === undefined || time < least ? time : least), undefined);
  const most = (times: bigint[]) =>
    times.reduce<bigint | undefined>((most, time) => (most === undefined || time > most ? time : most), undefined);
  return [least(earliest), most(latest)];
}

function matchesReference(filters: Filters, name: NameRow): boolean {
  if (!filters.has("reference")) return true;
  const ref = parseReference(name.name);
  // As people write them: no pattern matches `docker.io/library/busybox`.
  const forms = [familiarString(ref), familiarName(ref)];
  return filters.get("reference").some((pattern) => forms.some((form) => goMatch(pattern, form)));
}

function familiar(name: NameRow): string {
  return familiarString(parseReference(name.name));
}

/** For each image the bytes of those of its layers that other images have too. */
function sharedSizes(deps: ImageDeps): Map<string, number> {
  const sizes = new Map(allLayers(deps.store).map((layer) => [layer.chain_id, layer.size]));
  const uses = allImageLayers(deps.store);
  const users = new Map<string, number>();
  for (const { chain_id } of uses) users.set(chain_id, (users.get(chain_id) ?? 0) + 1);
  const shared = new Map<string, number>(allImages(deps.store).map((row) => [row.id, 0]));
  for (const { image_id, chain_id } of uses) {
    if ((users.get(chain_id) ?? 0) > 1) shared.set(image_id, (shared.get(image_id) ?? 0) + (sizes.get(chain_id) ?? 0));
  }
  return shared;
}
