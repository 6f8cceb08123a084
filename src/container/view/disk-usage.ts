import type { ContainerSummary, ContainersDiskUsage } from "../../api/types/container.ts";
import type { ContainerDeps } from "../deps.ts";
import { listContainers } from "./list.ts";

/** Every container with its sizes, and the sums that `docker system df` shows. */
export async function containersDiskUsage(
  deps: ContainerDeps,
): Promise<ContainersDiskUsage & { Items: ContainerSummary[] }> {
  const items = await listContainers(deps, { all: true, size: true });
  const isActive = (item: ContainerSummary) =>
    item.State === "running" || item.State === "paused" || item.State === "restarting";
  const sizeOf = (list: ContainerSummary[]) => list.reduce((sum, item) => sum + (item.SizeRw ?? 0), 0);
  return {
    ActiveCount: items.filter(isActive).length,
    TotalCount: items.length,
    TotalSize: sizeOf(items),
    Reclaimable: sizeOf(items.filter((item) => !isActive(item))),
    Items: items,
  };
}
