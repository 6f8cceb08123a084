import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import { namesIn } from "../../lib/names-in.ts";
import type { Archiver } from "../../linux/archive/archiver.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import { BtrfsSnapshotter } from "./btrfs.ts";
import { CopySnapshotter } from "./copy.ts";
import { hasOverlayLayers, OverlaySnapshotter } from "./overlay.ts";
import { overlayWorks } from "./probe.ts";
import type { Snapshotter } from "./snapshotter.ts";

type Open = (root: string, archiver: Archiver, limits: SizeLimits) => Snapshotter;

/** By the names of `--storage-driver`. */
const snapshotters: ReadonlyMap<string, Open> = new Map<string, Open>([
  ["overlay2", (...place) => new OverlaySnapshotter(...place)],
  ["btrfs", (root, archiver) => new BtrfsSnapshotter(root, archiver)],
  ["vfs", (...place) => new CopySnapshotter(...place)],
]);

/**
 * The snapshotter of the name, with its layers below `root`, which exists; undefined: the one whose layers are there,
 * else overlay where the filesystem can carry it. Throws for an unknown name, where the filesystem is not for it, and
 * where there are layers of another.
 */
export function openSnapshotter(
  name: string | undefined,
  root: string,
  archiver: Archiver,
  limits = new SizeLimits(root, false),
): Snapshotter {
  const prior = priorDriver(root);
  if (name !== undefined && prior !== undefined && name !== prior)
    throw failed(`${root} has layers of the storage driver ${prior}, which ${name} cannot read`);
  const chosen = name ?? prior ?? (overlayWorks(root) ? "overlay2" : "vfs");
  const open = snapshotters.get(chosen);
  if (!open) throw failed(`driver not supported: ${chosen}`);
  const snapshotter = open(root, archiver, limits);
  note(root, chosen);
  return snapshotter;
}

function note(root: string, driver: string): void {
  if (noted(root) === driver) return;
  const file = driverFile(root);
  try {
    writeFileSync(`${file}.new`, `${driver}\n`);
    renameSync(`${file}.new`, file);
  } catch (error) {
    // A full disk keeps no engine from starting: what there is of layers says the same, and the next start tries again.
    if (!hasCode(error, "ENOSPC", "EDQUOT")) throw error;
    rmSync(`${file}.new`, { force: true });
  }
}

/** What was noted; undefined where nothing was, as by version 0.1. */
function noted(root: string): string | undefined {
  try {
    return readFileSync(driverFile(root), "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

const driverFile = (root: string): string => join(root, "driver");

/** Whose layers and snapshots there are; undefined where there are none. */
function priorDriver(root: string): string | undefined {
  const isUsed = ["sha256", "active"].some((name) => namesIn(join(root, name)).length > 0);
  if (!isUsed) return undefined;
  return noted(root) ?? (hasOverlayLayers(root) ? "overlay2" : "vfs");
}

/** In dockerd's words. */
function failed(why: string): Error {
  return new Error(`error initializing graphdriver: ${why}`);
}
