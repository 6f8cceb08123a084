import type { Filters } from "../../api/filters.ts";
import { noFilters } from "../../api/filters.ts";
import type { ContainerSummary } from "../../api/types/container.ts";
import { isNotFound } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { linkNames } from "../link-table.ts";
import { countsAsRunning } from "../record.ts";
import { allContainers, containerById, runningContainers } from "../table.ts";
import { describeSummary } from "./describe.ts";
import { compileFilter } from "./list-filter.ts";

/** The query of `GET /containers/json`. */
export interface ListOptions {
  /** Those that do not run too. */
  all?: boolean;
  /** The newest so many, running or not; 0 and below: no limit. */
  limit?: number;
  /** Measure the file systems; slow. */
  size?: boolean;
  filters?: Filters;
}

/** Containers, newest first. Throws `invalid filter …` on filters that are none. */
export async function listContainers(
  deps: ContainerDeps,
  { all = false, limit = 0, size = false, filters = noFilters }: ListOptions,
): Promise<ContainerSummary[]> {
  const everything =
    all || limit > 0 || filters.has("status") || filters.has("before") || filters.has("since") || filters.has("exited");
  const include = await compileFilter(deps, filters);
  const shown = new Map<string, string>();
  const names = linkNames(deps.store);
  const summaries: ContainerSummary[] = [];
  for (const c of everything ? allContainers(deps.store) : runningContainers(deps.store)) {
    if (limit > 0 && summaries.length === limit) break;
    // Asked of each container, shown or not: one that does not run may bound `before` or `since`.
    const matches = include(c);
    if (
      !matches ||
      c.state.phase === "creating" ||
      !(all || limit > 0 || filters.has("status") || countsAsRunning(c.state))
    )
      continue;
    const summary = describeSummary(
      c,
      shownImage(deps, c.spec.config.Image ?? "", c.imageId ?? "", shown),
      names.get(c.id) ?? [],
    );
    if (size) {
      const usage = await usageUnlessGone(deps, c.id);
      if (usage === null) continue;
      Object.assign(summary, { ...(usage.rw > 0 && { SizeRw: usage.rw }), SizeRootFs: usage.root });
    }
    summaries.push(summary);
  }
  return summaries;
}

/**
 * null: the container was removed meanwhile, or its removal is under way. Where a removal failed there may be nothing
 * left to measure.
 */
async function usageUnlessGone(deps: ContainerDeps, id: string): Promise<{ rw: number; root: number } | null> {
  try {
    return await deps.rootfs.usage(id);
  } catch (error) {
    const phase = containerById(deps.store, id)?.state.phase ?? "removing";
    if (phase === "removing") return null;
    if (phase === "dead") return { rw: 0, root: 0 };
    throw error;
  }
}

/**
 * The reference that the container was made from, or the image's id where that name now means another image or none.
 */
function shownImage(deps: ContainerDeps, reference: string, imageId: string, known: Map<string, string>): string {
  if (reference === imageId || !reference) return reference;
  let now = known.get(reference);
  if (now === undefined) known.set(reference, (now = idOf(deps, reference)));
  return now === imageId ? reference : imageId;
}

function idOf(deps: ContainerDeps, reference: string): string {
  try {
    return deps.images.resolve(reference).id;
  } catch (error) {
    if (isNotFound(error)) return "";
    throw error;
  }
}
