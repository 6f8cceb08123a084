import { join } from "node:path";
import type { CheckItem } from "../../api/types/check.ts";
import { findStrays, knownKeys, removeStrays, type Strays } from "../../container/life/strays.ts";
import {
  findImageOrphans,
  removeOrphanBlob,
  removeOrphanLayer,
  removeOrphanSnapshot,
} from "../../image/collect/orphans.ts";
import { namesIn } from "../../lib/names-in.ts";
import { detectCgroups } from "../../linux/cgroup.ts";
import { cgroupDirs, cgroupPids, removeCgroup } from "../../linux/cgroup-tree.ts";
import { detachLoop, idleLoops } from "../../linux/loop.ts";
import { unmount } from "../../linux/mount.ts";
import { readMounts } from "../../linux/mountinfo.ts";
import { removeNetns } from "../../linux/namespace.ts";
import { adoptFolder, findVolumeOrphans, unmountOrphan } from "../../volume/orphans.ts";
import type { StorageDeps } from "../deps.ts";

/** A thing of ours that no record names, and what puts that right. */
export interface Orphan extends Pick<CheckItem, "Object" | "Wanted" | "Found"> {
  mend: () => Promise<void> | void;
}

/** Everything that this engine may have left behind: on disk, among mounts, control groups, namespaces, devices. */
export async function findOrphans(deps: StorageDeps): Promise<Orphan[]> {
  return [...(await imageOrphans(deps)), ...volumeOrphans(deps), ...containerOrphans(deps), ...loopOrphans(deps)];
}

const extra = (Object: string, Found: string, mend: Orphan["mend"]): Orphan => ({ Object, Wanted: "", Found, mend });

async function imageOrphans({ images }: StorageDeps): Promise<Orphan[]> {
  const { snapshots, layers, blobs } = await findImageOrphans(images);
  return [
    ...snapshots.map((key) => extra(`snapshot ${key}`, "of no container", () => removeOrphanSnapshot(images, key))),
    ...layers.map((chainId) => extra(`layer ${chainId}`, "of no image", () => removeOrphanLayer(images, chainId))),
    ...blobs.map((digest) => extra(`blob ${digest}`, "nobody names it", () => removeOrphanBlob(images, digest))),
  ];
}

function volumeOrphans({ volumes, containers }: StorageDeps): Orphan[] {
  const root = join(containers.dataRoot, "volumes");
  const { folders, mounts } = findVolumeOrphans(volumes, root);
  return [
    ...folders.map((name) => ({
      Object: `folder ${root}/${name}`,
      Wanted: "a volume",
      Found: "a folder with data",
      mend: () => adoptFolder(volumes, root, name),
    })),
    ...mounts.map((name) =>
      extra(`mount ${root}/${name}/_data`, "nobody has the volume", () => unmountOrphan(volumes, root, name)),
    ),
  ];
}

/** Tasks, folders and control groups of builds look the same, and have no records: not while somebody builds. */
function containerOrphans({ containers, build, networks }: StorageDeps): Orphan[] {
  if (!build.running.none) return [];
  const known = knownKeys(containers);
  const { tasks, data, exec } = findStrays(containers, known);
  const { dataRoot, execRoot } = containers;
  const remove = (strays: Partial<Strays>) => removeStrays(containers, { tasks: [], data: [], exec: [], ...strays });
  const dead = tasks.filter((id) => !containers.runtime.isAlive(id));
  return [
    ...dead.map((id) => extra(`task ${id}`, "of no container", () => remove({ tasks: [id] }))),
    ...data.map((id) => extra(`folder ${dataRoot}/containers/${id}`, "of no container", () => remove({ data: [id] }))),
    ...exec
      .filter((id) => !containers.runtime.isAlive(id))
      .map((id) =>
        extra(`folder ${execRoot}/containers/${id}`, "of no container", async () => {
          unmountBelow(`${execRoot}/containers/${id}`);
          await remove({ exec: [id] });
        }),
      ),
    ...namesIn(join(execRoot, "netns"))
      .filter((id) => !known.has(id))
      .map((id) => extra(`network namespace ${id}`, "of no container", () => removeNetns(join(execRoot, "netns", id)))),
    ...cgroupDirs(detectCgroups(), `/berth-${networks.instance}`).flatMap((parent) =>
      namesIn(parent)
        .filter((id) => /^[0-9a-f]{64}$/.test(id) && !known.has(id) && cgroupPids(join(parent, id)).length === 0)
        .map((id) =>
          extra(`control group ${join(parent, id)}`, "of no container", () => void removeCgroup(join(parent, id))),
        ),
    ),
  ];
}

function unmountBelow(directory: string): void {
  const targets = readMounts().map(({ target }) => target);
  for (const target of targets.filter((path) => path.startsWith(`${directory}/`)).reverse())
    unmount(target, { detach: true });
}

const loopOrphans = ({ containers }: StorageDeps): Orphan[] =>
  idleLoops(containers.dataRoot).map(({ device, image }) =>
    extra(`device ${device}`, `holds ${image}`, () => detachLoop(device)),
  );
