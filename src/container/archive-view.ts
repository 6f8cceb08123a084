import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, statSync } from "node:fs";
import { errorMessage, hasCode, isNotFound } from "../lib/errors.ts";
import { newId, shortId } from "../lib/ids.ts";
import { close, mkdirAt, O, openAt, openDir, openInRoot } from "../linux/at.ts";
import { MS, mount, unmount } from "../linux/mount.ts";
import { mountRootfs } from "../image/rootfs.ts";
import { mountVolume, unmountVolume } from "../volume/mount.ts";
import type { ContainerContext } from "./context.ts";
import { imageMountKey } from "./mounts/image-mount.ts";
import { networkFileMounts, networkFilesOf } from "./network-files.ts";
import type { ContainerRecord, MountPointRecord } from "./record.ts";
import { useRootfs } from "./rootfs-use.ts";

/** A directory in which a container's files look as they do from inside: volumes and binds upon the root filesystem. */
export interface View extends AsyncDisposable {
  root: string;
}

const viewsDir = (ctx: ContainerContext) => `${ctx.execRoot}/views`;

/** Opens a view of a container, running or not. The caller does not hold its lock. */
export async function openView(ctx: ContainerContext, c: ContainerRecord): Promise<View> {
  await using undo = new AsyncDisposableStack();
  const rootfs = undo.use(await useRootfs(ctx, c));
  const points = [...c.spec.mounts.filter((point) => point.type !== "tmpfs"), ...networkPoints(ctx, c)];
  let root = rootfs.path;
  if (points.length > 0) {
    const key = `view-${shortId(newId())}`;
    root = `${viewsDir(ctx)}/${key}`;
    mkdirSync(root, { recursive: true, mode: 0o700 });
    undo.defer(() => removeView(root));
    mount(rootfs.path, root, "", MS.BIND);
    mount("none", root, "", MS.PRIVATE | MS.REC);
    for (const point of points) await lay(ctx, c, point, root, key, undo);
  }
  const held = undo.move();
  return { root, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The engine's own files in /etc; none before the first start, nor after the container is gone whose network this one shares. */
function networkPoints(ctx: ContainerContext, c: ContainerRecord): MountPointRecord[] {
  try {
    return networkFileMounts(c, networkFilesOf(ctx, c))
      .filter(([, source]) => existsSync(source))
      .map(([destination, source]) => ({ type: "bind", destination, source, readOnly: c.spec.hostConfig.ReadonlyRootfs ?? false, mode: "", propagation: "", copy: false }));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Puts one mount point into a view. */
async function lay(ctx: ContainerContext, c: ContainerRecord, point: MountPointRecord, root: string, key: string, undo: AsyncDisposableStack): Promise<void> {
  let source = point.source;
  if (point.type === "volume" && point.name) {
    const name = point.name;
    source = await mountVolume(ctx.volumes, name, key);
    undo.defer(() => unmountVolume(ctx.volumes, name, key));
  } else if (point.type === "image") {
    source = await mountRootfs(ctx.images, imageMountKey(c.id, point), { bare: true });
  }
  using sourceFd = openPath(source, point.subpath);
  if (!sourceFd) return;
  using target = openTarget(root, point.destination, statSync(sourceFd.path).isDirectory());
  mount(sourceFd.path, target.path, "", MS.BIND | MS.REC);
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
      return hold(isDirectory ? openInRoot(dir, subpath, O.PATH) : openAt(dir, path.slice(path.lastIndexOf("/") + 1), O.PATH));
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
    const names = destination.split("/").filter((name) => name !== "");
    for (let depth = 1; depth <= names.length; depth++) {
      const path = names.slice(0, depth).join("/");
      try {
        close(openInRoot(base, path, O.PATH));
      } catch (error) {
        if (!hasCode(error, "ENOENT")) throw error;
        make(base, names.slice(0, depth - 1).join("/"), names[depth - 1] ?? "", directory || depth < names.length);
      }
    }
    return hold(openInRoot(base, names.join("/"), O.PATH));
  } finally {
    close(base);
  }
}

function make(base: number, parent: string, name: string, directory: boolean): void {
  const dir = openInRoot(base, parent, O.PATH | O.DIRECTORY);
  try {
    if (directory) mkdirAt(dir, name, 0o755);
    else close(openAt(dir, name, O.WRONLY | O.CREAT | O.EXCL, 0o755));
  } finally {
    close(dir);
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
export async function removeViews(ctx: ContainerContext): Promise<void> {
  let names: string[];
  try {
    names = readdirSync(viewsDir(ctx));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  for (const name of names) {
    try {
      removeView(`${viewsDir(ctx)}/${name}`);
    } catch (error) {
      ctx.log.warn("cannot remove a view", { name, error: errorMessage(error) });
    }
  }
}
