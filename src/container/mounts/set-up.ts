import { mkdir, rm, rmdir } from "node:fs/promises";
import { EngineError, errorKind, errorMessage, hasCode, internal } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../../linux/at.ts";
import { MS, mount, unmount, type Mount } from "../../linux/mount.ts";
import { mountRootfs, unmountRootfs } from "../../image/rootfs.ts";
import { mountVolume, unmountVolume } from "../../volume/mount.ts";
import type { ContainerContext } from "../context.ts";
import { shmDir } from "../paths.ts";
import type { ContainerRecord, MountPointRecord } from "../record.ts";
import { checkPropagation } from "./propagation.ts";
import { imageMountKey } from "./image-mount.ts";

/**
 * Makes the source of every mount point present: volumes mounted, missing host directories of `-v` made. Some sources
 * are named by a descriptor in `descriptors`, to be held until the runtime has mounted them.
 */
export async function prepareMounts(ctx: ContainerContext, c: ContainerRecord, descriptors: DisposableStack): Promise<Mount[]> {
  const mounts: Mount[] = [];
  const tmpfs = c.spec.hostConfig.Tmpfs ?? {};
  for (const point of c.spec.mounts) {
    if (Object.hasOwn(tmpfs, point.destination)) continue;
    mounts.push(await prepare(ctx, c, point, descriptors));
  }
  for (const [destination, options] of Object.entries(tmpfs)) mounts.push(tmpfsMount(destination, options ? options.split(",") : []));
  return mounts.sort(byDepth);
}

async function prepare(ctx: ContainerContext, c: ContainerRecord, point: MountPointRecord, descriptors: DisposableStack): Promise<Mount> {
  switch (point.type) {
    case "tmpfs":
      return tmpfsMount(point.destination, point.tmpfsOptions ?? []);
    case "bind":
      await prepareBindSource(point);
      return bindMount(point, point.source);
    case "image": {
      const root = await mountRootfs(ctx.images, imageMountKey(c.id, point));
      return bindMount(point, inside(root, point.subpath, descriptors));
    }
    case "volume": {
      const name = point.name ?? "";
      const root = await mountVolume(ctx.volumes, name, c.id);
      ctx.events.publish("volume", "mount", {
        ID: name,
        Attributes: {
          driver: point.driver ?? "local", container: c.id, destination: point.destination, "read/write": String(!point.readOnly),
          propagation: point.propagation,
        },
      });
      return bindMount(point, inside(root, point.subpath, descriptors));
    }
  }
}

/** Gives up what {@link prepareMounts} took. Idempotent; goes on past failures and throws the first. */
export async function releaseMounts(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  const results = await Promise.allSettled(c.spec.mounts.map(async (point) => {
    if (point.type === "image") await unmountRootfs(ctx.images, imageMountKey(c.id, point));
    if (point.type !== "volume" || !point.name) return;
    await unmountVolume(ctx.volumes, point.name, c.id);
    ctx.events.publish("volume", "unmount", { ID: point.name, Attributes: { driver: point.driver ?? "local", container: c.id } });
  }));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

async function prepareBindSource(point: MountPointRecord): Promise<void> {
  checkPropagation(point.source, point.propagation);
  if (!point.createSource) return;
  try {
    await mkdir(point.source, { recursive: true, mode: 0o755 });
  } catch (cause) {
    // A file, or something on the way to it, is what the user meant to mount.
    if (!hasCode(cause, "ENOTDIR", "EEXIST")) throw internal(`error while creating mount source path '${point.source}': ${errorMessage(cause)}`, cause);
  }
}

/** A path below a directory that others may write to, held by a descriptor so that it cannot be swapped for a link. */
function inside(root: string, subpath: string | undefined, descriptors: DisposableStack): string {
  if (!subpath) return root;
  try {
    const dir = openDir(root);
    using _ = { [Symbol.dispose]: () => close(dir) };
    const fd = openInRoot(dir, subpath, O.PATH);
    descriptors.defer(() => close(fd));
    return `/proc/${process.pid}/fd/${fd}`;
  } catch (cause) {
    throw new EngineError(hasCode(cause, "ENOENT") ? "not-found" : errorKind(cause), `cannot access path ${root}/${subpath}: ${errorMessage(cause)}`, { cause });
  }
}

function bindMount(point: MountPointRecord, source: string): Mount {
  const { NonRecursive, ReadOnlyNonRecursive } = point.request?.BindOptions ?? {};
  const options = [NonRecursive ? "bind" : "rbind", point.propagation || "rprivate"];
  // `rro` reaches the mounts below the source too.
  if (point.readOnly) options.push("ro", ...(NonRecursive || ReadOnlyNonRecursive || point.type !== "bind" ? [] : ["rro"]));
  return { destination: point.destination, type: "bind", source, options };
}

function tmpfsMount(destination: string, options: string[]): Mount {
  return { destination, type: "tmpfs", source: "tmpfs", options: mergeOptions(["noexec", "nosuid", "nodev", "rprivate"], options) };
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

/** The tmpfs that containers share who join this one's IPC namespace. Idempotent. */
export async function prepareShm(ctx: ContainerContext, c: ContainerRecord): Promise<string> {
  const dir = shmDir(ctx, c.id);
  await releaseShm(ctx, c.id);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  mount("shm", dir, "tmpfs", MS.NOEXEC | MS.NOSUID | MS.NODEV, `mode=1777,size=${c.spec.hostConfig.ShmSize || ctx.defaults.shmSize}`);
  return dir;
}

export async function releaseShm(ctx: ContainerContext, id: string): Promise<void> {
  const dir = shmDir(ctx, id);
  try {
    unmount(dir, { detach: true });
  } catch (error) {
    if (!hasCode(error, "EINVAL", "ENOENT")) throw error;
  }
  await rmdir(dir).catch(async (error: unknown) => {
    if (!hasCode(error, "ENOENT")) await rm(dir, { recursive: true, force: true });
  });
}
