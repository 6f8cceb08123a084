import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, statSync } from "node:fs";
import { errorMessage, hasCode, isNotFound } from "../../lib/errors.ts";
import { newId, shortId } from "../../lib/ids.ts";
import { close, mkdirAt, O, openAt, openDir, openInRoot } from "../../linux/at.ts";
import { mapsOfMount } from "../../linux/id-maps.ts";
import { makeInRoot } from "../../linux/make-in-root.ts";
import { MS, mount, unmount } from "../../linux/mount.ts";
import type { ContainerDeps } from "../deps.ts";
import { imageMountKey } from "../mounts/image-mount.ts";
import { bindMapped } from "../mounts/pin.ts";
import { networkFileMounts, networkFilesOf } from "../network/network-files.ts";
import type { ContainerRecord, MountPointRecord } from "../record.ts";
import { idsOf } from "../user-namespace.ts";
import { useRootfs } from "./rootfs-use.ts";

/** A directory in which a container's files look as they do from inside: volumes and binds upon the root filesystem. */
export interface View extends AsyncDisposable {
  root: string;
}

const viewsDir = (deps: ContainerDeps) => `${deps.execRoot}/views`;

/** Opens a view of a container, running or not. The caller does not hold its lock. */
export async function openView(deps: ContainerDeps, c: ContainerRecord): Promise<View> {
  await using undo = new AsyncDisposableStack();
  const rootfs = undo.use(await useRootfs(deps, c));
  const points = [...c.spec.mounts.filter((point) => point.type !== "tmpfs"), ...networkPoints(deps, c)];
  let root = rootfs.path;
  if (points.length > 0) {
    const key = `view-${shortId(newId())}`;
    root = `${viewsDir(deps)}/${key}`;
    mkdirSync(root, { recursive: true, mode: 0o700 });
    undo.defer(() => removeView(root));
    mount(rootfs.path, root, "", MS.BIND);
    mount("none", root, "", MS.PRIVATE | MS.REC);
    for (const point of points) await lay(deps, c, point, root, key, undo);
  }
  const held = undo.move();
  return { root, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/**
 * The engine's own files in /etc; none before the first start, nor after the container is gone whose network this one
 * shares.
 */
function networkPoints(deps: ContainerDeps, c: ContainerRecord): MountPointRecord[] {
  try {
    return networkFileMounts(c, networkFilesOf(deps, c))
      .filter(([, source]) => existsSync(source))
      .map(([destination, source]) => ({
        type: "bind",
        destination,
        source,
        readOnly: c.spec.hostConfig.ReadonlyRootfs ?? false,
        mode: "",
        propagation: "",
        copy: false,
      }));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Puts one mount point into a view. */
async function lay(
  deps: ContainerDeps,
  c: ContainerRecord,
  point: MountPointRecord,
  root: string,
  key: string,
  undo: AsyncDisposableStack,
): Promise<void> {
  let source = point.source;
  const ids = idsOf(deps, c);
  if (point.type === "volume" && point.name) {
    const name = point.name;
    source = await deps.volumes.mount(name, key);
    undo.defer(() => deps.volumes.unmount(name, key));
  } else if (point.type === "image") {
    source = await deps.rootfs.mount(imageMountKey(c.id, point), { bare: true, ...(ids && { ids }) });
  }
  using sourceFd = openPath(source, point.subpath);
  if (!sourceFd) return;
  using target = openTarget(root, point.destination, statSync(sourceFd.path).isDirectory());
  if (point.type === "volume" && ids) await bindMapped(deps, sourceFd.path, target.path, mapsOfMount(ids));
  else mount(sourceFd.path, target.path, "", MS.BIND | MS.REC);
  const place = `${root}${inView(root, target.fd)}`;
  // What is unmounted with the view must not be unmounted where it came from.
  mount("none", place, "", MS.PRIVATE | MS.REC);
  if (point.readOnly) mount("none", place, "", MS.BIND | MS.REMOUNT | MS.RDONLY);
}

interface HeldPath extends Disposable {
  fd: number;
  path: string;
}

const hold = (fd: number): HeldPath => ({ fd, path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => close(fd) });

/** null where a bind's source is gone. */
function openPath(path: string, subpath = ""): HeldPath | null {
  try {
    const isDirectory = statSync(path).isDirectory();
    const dir = openDir(isDirectory ? path : path.slice(0, path.lastIndexOf("/")) || "/");
    try {
      return hold(
        isDirectory ? openInRoot(dir, subpath, O.PATH) : openAt(dir, path.slice(path.lastIndexOf("/") + 1), O.PATH),
      );
    } finally {
      close(dir);
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** The mount's place in the view, links resolved inside it only; made where it is missing, as a start would. */
function openTarget(root: string, destination: string, directory: boolean): HeldPath {
  const base = openDir(root);
  try {
    makeInRoot(base, destination, (parent, name, last) => {
      if (directory || !last) mkdirAt(parent, name, 0o755);
      else close(openAt(parent, name, O.WRONLY | O.CREAT | O.EXCL, 0o755));
    });
    return hold(openInRoot(base, destination, O.PATH));
  } finally {
    close(base);
  }
}

/** Where in the view a descriptor's file is: the kernel refuses to change a mount's propagation by `/proc/self/fd`. */
function inView(root: string, fd: number): string {
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "";
}

function removeView(root: string): void {
  try {
    // The mounts below go with it.
    unmount(root, { detach: true });
  } catch (error) {
    if (!hasCode(error, "EINVAL", "ENOENT")) throw error;
  }
  rmdirSync(root);
}

/** At boot: views that a crash left open. */
export async function removeViews(deps: ContainerDeps): Promise<void> {
  let names: string[];
  try {
    names = readdirSync(viewsDir(deps));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  for (const name of names) {
    try {
      removeView(`${viewsDir(deps)}/${name}`);
    } catch (error) {
      deps.log.warn("cannot remove a view", { name, error: errorMessage(error) });
    }
  }
}
