import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { EventBus } from "../api/events.ts";
import { imagesOfContainers } from "../container/image-users.ts";
import { adoptImages, adoptRootfs, putSnapshotAside } from "../image/adopt.ts";
import { shortId } from "../lib/ids.ts";
import type { Logger } from "../lib/log.ts";
import { namesIn } from "../lib/names-in.ts";
import { compactTime } from "../lib/rfc3339.ts";
import { nowNano } from "../linux/clock.ts";
import { openOrSalvage, type Salvage } from "../store/salvage.ts";
import type { Store } from "../store/store.ts";
import { adoptVolumes } from "../volume/adopt.ts";
import type { DaemonConfig } from "./config/config.ts";
import { imageStore } from "./image-store.ts";
import type { DaemonPaths } from "./paths.ts";

/** What the database did not tell and the data root did. */
interface Found {
  images: number;
  volumes: number;
  /** Ids of containers of which nothing tells. */
  lost: Set<string>;
}

/**
 * Opens the engine's database. Where it is damaged or gone it is made anew of what can be read from it, of its last
 * copy, and of what lies in the data root: volumes, images (without their names), root filesystems. What belongs to
 * containers of which nothing tells any more is put aside, since a daemon removes what nothing names.
 */
export async function openDatabase(config: DaemonConfig, paths: DaemonPaths, log: Logger): Promise<Store> {
  const { dataRoot } = config;
  const aside = join(dataRoot, "lost", compactTime());
  let found: Found = { images: 0, volumes: 0, lost: new Set() };
  const { store, salvage } = await openOrSalvage(paths.database, {
    inhabited: () => [paths.volumes, join(dataRoot, "layers", "sha256")].some((path) => namesIn(path).length > 0),
    adopt: async (store) => {
      found = await adopt(store, config, paths, log, aside);
    },
  });
  if (salvage) tell(salvage, found, aside, log);
  return store;
}

async function adopt(
  store: Store,
  config: DaemonConfig,
  paths: DaemonPaths,
  log: Logger,
  aside: string,
): Promise<Found> {
  const { dataRoot } = config;
  const images = imageStore(store, config, new EventBus(nowNano), log);
  await using _archiver = images.archiver;
  const containers = imagesOfContainers(store);
  const adopted = await adoptImages(images);
  const unclaimed = await adoptRootfs(images, (id) => containers.get(id));
  // Other names are those of work that was cut off.
  const isContainer = (name: string) => /^[0-9a-f]{64}$/.test(name);
  const snapshots = unclaimed.filter(isContainer);
  for (const id of snapshots) await putSnapshotAside(images, id, join(aside, "layers"));
  const folder = join(dataRoot, "containers");
  const folders = namesIn(folder).filter((id) => isContainer(id) && !containers.has(id));
  if (folders.length > 0) mkdirSync(join(aside, "containers"), { recursive: true, mode: 0o700 });
  for (const id of folders) renameSync(join(folder, id), join(aside, "containers", id));
  return {
    images: adopted.length,
    volumes: adoptVolumes(store, paths.volumes).length,
    lost: new Set([...snapshots, ...folders]),
  };
}

function tell({ reason, aside, incomplete, copied }: Salvage, found: Found, lostIn: string, log: Logger): void {
  log.error("the database could not be used, and was made anew", {
    error: reason,
    ...(aside && { kept: aside }),
    ...(incomplete.length > 0 && {
      incomplete: incomplete.join(" "),
      filled: copied === null ? "from the data root alone" : `from the copy of ${new Date(copied).toISOString()}`,
    }),
  });
  if (found.images + found.volumes > 0)
    log.warn("found on disk, without names, labels or options", { images: found.images, volumes: found.volumes });
  if (found.lost.size > 0)
    log.warn("nothing tells of these containers any more: their files are put aside, and they are ended", {
      containers: [...found.lost].map(shortId).join(" "),
      kept: lostIn,
    });
}
