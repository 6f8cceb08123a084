import type { Archiver } from "../../linux/archive/archiver.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import { CopySnapshotter } from "./copy.ts";
import { hasOverlayLayers, OverlaySnapshotter } from "./overlay.ts";
import { overlayWorks } from "./probe.ts";
import type { Snapshotter } from "./snapshotter.ts";

type Open = (root: string, archiver: Archiver, limits: SizeLimits) => Snapshotter;

/** By the names of `--storage-driver`. */
const snapshotters: ReadonlyMap<string, Open> = new Map<string, Open>([
  ["overlay2", (...place) => new OverlaySnapshotter(...place)],
  ["vfs", (...place) => new CopySnapshotter(...place)],
]);

/**
 * The snapshotter of the name, with its layers below `root`; undefined: overlay where the filesystem can carry it.
 * Throws for an unknown name.
 */
export function openSnapshotter(
  name: string | undefined,
  root: string,
  archiver: Archiver,
  limits = new SizeLimits(root, false),
): Snapshotter {
  const chosen = name ?? (hasOverlayLayers(root) || overlayWorks(root) ? "overlay2" : "vfs");
  const open = snapshotters.get(chosen);
  if (!open) throw new Error(`driver not supported: ${chosen}`);
  return open(root, archiver, limits);
}
