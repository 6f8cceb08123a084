import type { Filters } from "../api/filters.ts";
import { noFilters } from "../api/filters.ts";
import type { ContainerSummary } from "../api/types/container.ts";
import { resolveImage } from "../image/resolve.ts";
import { rootfsUsage } from "../image/rootfs.ts";
import { isNotFound } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { describeSummary } from "./describe.ts";
import { compileFilter } from "./list-filter.ts";
import { isRunning } from "./record.ts";
import { allContainers, runningContainers } from "./table.ts";

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
export async function listContainers(ctx: ContainerContext, { all = false, limit = 0, size = false, filters = noFilters }: ListOptions): Promise<ContainerSummary[]> {
  const everything = all || limit > 0 || filters.has("status") || filters.has("before") || filters.has("since") || filters.has("exited");
  const include = compileFilter(ctx, filters);
  const shown = new Map<string, string>();
  const summaries: ContainerSummary[] = [];
  for (const c of everything ? allContainers(ctx.store) : runningContainers(ctx.store)) {
    if (limit > 0 && summaries.length === limit) break;
    if (c.state.phase === "creating" || !(all || limit > 0 || filters.has("status") || isRunning(c.state)) || !include(c)) continue;
    const summary = describeSummary(c, shownImage(ctx, c.spec.config.Image ?? "", c.imageId ?? "", shown));
    if (size) {
      const { rw, root } = await rootfsUsage(ctx.images, c.id);
      Object.assign(summary, { SizeRw: rw, SizeRootFs: root });
    }
    summaries.push(summary);
  }
  return summaries;
}

/** The reference that the container was made from, or the image's id where that name now means another image or none. */
function shownImage(ctx: ContainerContext, reference: string, imageId: string, known: Map<string, string>): string {
  if (reference === imageId || !reference) return reference;
  let now = known.get(reference);
  if (now === undefined) known.set(reference, (now = idOf(ctx, reference)));
  return now === imageId ? reference : imageId;
}

function idOf(ctx: ContainerContext, reference: string): string {
  try {
    return resolveImage(ctx.images, reference).id;
  } catch (error) {
    if (isNotFound(error)) return "";
    throw error;
  }
}
