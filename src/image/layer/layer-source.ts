import { changeKinds } from "../../linux/archive/changes.ts";
import type { PackOptions } from "../../linux/archive/options.ts";
import type { ImageDeps } from "../deps.ts";
import type { DiffSource } from "../snapshot/snapshotter.ts";

/**
 * How a snapshot's or layer's difference packs into a layer archive. Equal differences give equal archives: the diffID
 * of a layer made here is the digest of this, and it can be packed again at any time.
 */
export async function layerPacking(
  deps: ImageDeps,
  source: DiffSource,
  signal?: AbortSignal,
): Promise<{ root: string; options: PackOptions }> {
  if (source.kind === "overlay") return { root: source.root, options: { whiteouts: true } };
  const changes = await deps.archiver.changes(source, signal);
  const paths = (deleted: boolean) =>
    changes.filter((change) => (change.kind === changeKinds.deleted) === deleted).map((change) => change.path.slice(1));
  return { root: source.root, options: { only: paths(false), deleted: paths(true) } };
}
