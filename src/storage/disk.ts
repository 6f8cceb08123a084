import type { DiskItem } from "../api/types/check.ts";
import type { StorageDeps } from "./deps.ts";

/** Everything below the data root, by what it is: each thing belongs to the last that fits. */
const kinds = [
  { name: "image layers", pattern: "^layers$" },
  { name: "image archives", pattern: "^blobs$" },
  { name: "containers", pattern: "^(containers|layers/(active|images))$" },
  { name: "container logs", pattern: "^containers/[^/]+/(logs|[^/]*\\.log.*)$" },
  { name: "volumes", pattern: "^volumes$" },
  { name: "build cache", pattern: "^build$" },
  { name: "plugins", pattern: "^plugins$" },
  { name: "database", pattern: "^berth\\.db" },
  { name: "temporary", pattern: "^(tmp|layers/trash)$" },
  { name: "put aside", pattern: "^lost$" },
] as const;

/**
 * What the data root takes on its filesystem, in blocks, as `du -x` counts, so that all of it together is what that
 * says. Layers that images share with the build cache are the images'. Kinds that take nothing are told too.
 */
export async function diskItems({ images, containers }: StorageDeps, signal?: AbortSignal): Promise<DiskItem[]> {
  const { "": rest = 0, ...totals } = await images.archiver.blocks(containers.dataRoot, kinds, signal);
  return [...kinds.map(({ name }) => ({ Kind: name, Size: totals[name] ?? 0 })), { Kind: "other", Size: rest }];
}
