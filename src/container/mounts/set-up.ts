import { existsSync, rmdirSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { errorMessage, hasCode, internal } from "../../lib/errors.ts";
import { type Mount, MS } from "../../linux/mount.ts";
import type { ContainerDeps } from "../deps.ts";
import { shmDir } from "../paths.ts";
import type { ContainerRecord, MountPointRecord } from "../record.ts";
import { updateSpec } from "../table.ts";
import { idsOf, rootOf } from "../user-namespace.ts";
import { imageMountKey } from "./image-mount.ts";
import { defaultPropagation, tmpfsPropagations } from "./modes.ts";
import { pinned, releasePins } from "./pin.ts";
import { checkPropagation } from "./propagation.ts";
import { sharesPath } from "./resolve.ts";

/**
 * Makes the source of every mount point present: volumes mounted, missing host directories of `-v` made. `rootfs`:
 * where the container's root filesystem is mounted, for those that ask who its user is.
 */
export async function prepareMounts(
  deps: ContainerDeps,
  c: ContainerRecord,
  rootfs: Promise<string>,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  const tmpfs = c.spec.hostConfig.Tmpfs ?? {};
  for (const point of c.spec.mounts) {
    if (Object.hasOwn(tmpfs, point.destination)) continue;
    mounts.push(await prepare(deps, c, point, rootfs));
  }
  for (const [destination, options] of Object.entries(tmpfs))
    mounts.push(tmpfsMount(destination, options ? options.split(",") : []));
  for (const { source, destination } of c.spec.files ?? []) {
    mounts.push({ destination, type: "bind", source, options: ["bind", "private", "ro", "nosuid", "nodev", "noexec"] });
  }
  return mounts.sort(byDepth);
}

async function prepare(
  deps: ContainerDeps,
  c: ContainerRecord,
  point: MountPointRecord,
  rootfs: Promise<string>,
): Promise<Mount> {
  switch (point.type) {
    case "tmpfs":
      return tmpfsMount(point.destination, point.tmpfsOptions ?? []);
    case "bind": {
      const propagation = await prepareBindSource(deps, point);
      return bindMount({ ...point, propagation }, await pinned(deps, c, point, point.source, rootfs));
    }
    case "image": {
      const ids = idsOf(deps, c);
      const root = await deps.rootfs.mount(imageMountKey(c.id, point), { bare: true, ...(ids && { ids }) });
      return bindMount(point, await pinned(deps, c, point, root, rootfs));
    }
    case "volume": {
      const name = point.name ?? "";
      const root = await deps.volumes.mount(name, c.id);
      noteSource(deps, c, point, root);
      deps.events.publish("volume", "mount", {
        ID: name,
        Attributes: {
          driver: point.driver ?? "local",
          container: c.id,
          destination: point.destination,
          "read/write": String(!point.readOnly),
          propagation: point.propagation,
        },
      });
      return bindMount(point, await pinned(deps, c, point, root, rootfs));
    }
  }
}

/** A plugin says only now where the data is. */
function noteSource(deps: ContainerDeps, c: ContainerRecord, point: MountPointRecord, source: string): void {
  if (point.source === source) return;
  point.source = source;
  updateSpec(deps.store, c.id, c.spec);
}

/** Releases what {@link prepareMounts} took. Idempotent; goes on past failures and throws the first. */
export async function releaseMounts(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  await releasePins(deps, c.id);
  const results = await Promise.allSettled(
    c.spec.mounts.map(async (point) => {
      if (point.type === "image") await deps.rootfs.unmount(imageMountKey(c.id, point));
      if (point.type !== "volume" || !point.name) return;
      await deps.volumes.unmount(point.name, c.id);
      deps.events.publish("volume", "unmount", {
        ID: point.name,
        Attributes: { driver: point.driver ?? "local", container: c.id },
      });
    }),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** Returns the propagation that the source can have. */
async function prepareBindSource(deps: ContainerDeps, point: MountPointRecord): Promise<string> {
  await makeSource(point);
  try {
    checkPropagation(point.source, point.propagation);
  } catch (error) {
    // The request does not name it: the engine chose it because the source holds the daemon's own files.
    if (point.propagation === "rslave" && sharesPath(point.source, deps.dataRoot)) return defaultPropagation;
    throw error;
  }
  return point.propagation;
}

async function makeSource(point: MountPointRecord): Promise<void> {
  if (!point.createSource) return;
  try {
    await mkdir(point.source, { recursive: true, mode: 0o755 });
  } catch (cause) {
    // A file, or something on the way to it, is what the user meant to mount.
    if (!hasCode(cause, "ENOTDIR", "EEXIST"))
      throw internal(`error while creating mount source path '${point.source}': ${errorMessage(cause)}`, cause);
  }
}

function bindMount(point: MountPointRecord, source: string): Mount {
  const { NonRecursive, ReadOnlyNonRecursive } = point.request?.BindOptions ?? {};
  const propagation = point.propagation || defaultPropagation;
  // crun 1.8 takes the mounts below along where a word for all of them is there, be it that of the propagation.
  const options = NonRecursive ? ["bind", propagation.replace(/^r/, "")] : ["rbind", propagation];
  // `rro` reaches the mounts below the source too. A file has none, and crun 1.8 would open it as a directory.
  const recursive = !NonRecursive && !ReadOnlyNonRecursive && point.type !== "image" && isDirectory(source);
  if (point.readOnly) options.push("ro", ...(recursive ? ["rro"] : []));
  return { destination: point.destination, type: "bind", source, options };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function tmpfsMount(destination: string, options: string[]): Mount {
  // The kernel takes one word of propagation: crun hands it all there are, runc the last.
  const propagation = options.findLast((option) => tmpfsPropagations.includes(option)) ?? defaultPropagation;
  const others = options.filter((option) => !tmpfsPropagations.includes(option) && option !== "defaults");
  return {
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: [...mergeOptions(["noexec", "nosuid", "nodev"], others), propagation],
  };
}

/** Later words win over the defaults that they contradict (`exec` over `noexec`). */
function mergeOptions(defaults: string[], options: string[]): string[] {
  const opposite = (word: string) => (word.startsWith("no") ? word.slice(2) : `no${word}`);
  return [...defaults.filter((word) => !options.includes(opposite(word)) && !options.includes(word)), ...options];
}

/** Shallow destinations first, so that none hides another. */
function byDepth(a: Mount, b: Mount): number {
  return a.destination.split("/").length - b.destination.split("/").length;
}

/** The tmpfs shared by containers that join this one's IPC namespace. Idempotent. */
export async function prepareShm(deps: ContainerDeps, c: ContainerRecord): Promise<string> {
  const dir = shmDir(deps, c.id);
  await releaseShm(deps, c.id);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { uid, gid } = rootOf(idsOf(deps, c));
  deps.kernel.mount(
    "shm",
    dir,
    "tmpfs",
    MS.NOEXEC | MS.NOSUID | MS.NODEV,
    `mode=1777,size=${c.spec.hostConfig.ShmSize || deps.defaults.shmSize},uid=${uid},gid=${gid}`,
  );
  return dir;
}

/** Unmounts what {@link prepareShm} mounted and removes its directory. Does nothing where there is none. */
export async function releaseShm(deps: ContainerDeps, id: string): Promise<void> {
  const dir = shmDir(deps, id);
  if (!existsSync(dir)) return;
  deps.kernel.unmountAll(dir);
  rmdirSync(dir);
}
