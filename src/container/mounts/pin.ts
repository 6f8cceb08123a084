import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { EngineError, errorKind, errorMessage, hasCode, internal } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../../linux/at.ts";
import { composed, type IdMaps, mapsOfMount } from "../../linux/id-maps.ts";
import { MS } from "../../linux/mount.ts";
import { resolveUser } from "../../runtime/bundle/user.ts";
import type { ContainerDeps } from "../deps.ts";
import { pinsDir } from "../paths.ts";
import type { ContainerRecord, MountPointRecord } from "../record.ts";
import { idsOf } from "../user-namespace.ts";
import { idMapsOf } from "./id-map.ts";

/**
 * What the runtime is to bind: the source itself, or a mount of our own of what a subpath means in it, with other
 * owners where the mount maps ids. A subpath is found by descriptor and pinned, so that nobody who may write there can
 * swap it for a link on the way. Undone by {@link releasePins}.
 */
export async function pinned(
  deps: ContainerDeps,
  c: ContainerRecord,
  point: MountPointRecord,
  root: string,
  rootfs: Promise<string>,
): Promise<string> {
  const mapped = point.idMap !== undefined || (point.type === "volume" && idsOf(deps, c) !== undefined);
  if (!point.subpath) return mapped ? pin(deps, c, point, root, rootfs) : root;
  using source = openSubpath(root, point.subpath);
  return await pin(deps, c, point, source.path, rootfs);
}

/** What a subpath means in a directory, for as long as it is held. Throws in Docker's words where it is not there. */
export function openSubpath(root: string, subpath: string): Disposable & { path: string } {
  const path = `${root}/${subpath}`;
  const dir = openDir(root);
  try {
    const fd = openInRoot(dir, subpath, O.PATH);
    return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => close(fd) };
  } catch (cause) {
    const missing = hasCode(cause, "ENOENT");
    const why = missing ? `lstat ${path}: no such file or directory` : errorMessage(cause);
    throw new EngineError(missing ? "not-found" : errorKind(cause), `cannot access path ${path}: ${why}`, { cause });
  } finally {
    close(dir);
  }
}

async function pin(
  deps: ContainerDeps,
  c: ContainerRecord,
  point: MountPointRecord,
  source: string,
  rootfs: Promise<string>,
): Promise<string> {
  const place = `${pinsDir(deps, c.id)}/${Bun.hash(point.destination).toString(16)}`;
  mkdirSync(pinsDir(deps, c.id), { recursive: true, mode: 0o700 });
  const owner = statSync(source);
  if (owner.isDirectory()) mkdirSync(place, { recursive: true });
  else writeFileSync(place, "");
  const ids = idsOf(deps, c);
  if (!point.idMap) {
    if (point.type === "volume" && ids) await bindMapped(deps, source, place, mapsOfMount(ids));
    else deps.kernel.mount(source, place, "", MS.BIND | MS.REC);
    return place;
  }
  const { config, hostConfig } = c.spec;
  const user = resolveUser(await rootfs, config.User ?? "", hostConfig.GroupAdd ?? []);
  const maps = idMapsOf(point.idMap, owner, user);
  const recursive = !point.request?.BindOptions?.NonRecursive;
  try {
    await deps.kernel.mountMapped(source, place, ids ? composed(maps, ids) : maps, { recursive });
  } catch (cause) {
    throw internal(`cannot map the ids of ${point.source || point.destination}: ${whyNot(cause)}`, cause);
  }
  return place;
}

/** A volume's directory as the container sees it, for as long as it is held. */
export async function asSeen(
  deps: ContainerDeps,
  c: ContainerRecord,
  volume: string,
): Promise<Disposable & { path: string }> {
  const ids = idsOf(deps, c);
  if (!ids) return { path: volume, [Symbol.dispose]: () => {} };
  const path = `${pinsDir(deps, c.id)}/seen`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await bindMapped(deps, volume, path, mapsOfMount(ids));
  return { path, [Symbol.dispose]: () => deps.kernel.unmountAll(path) };
}

/** Binds a directory with other owners where its file system can have that done, else as it is. */
export async function bindMapped(deps: ContainerDeps, source: string, place: string, maps: IdMaps): Promise<void> {
  try {
    await deps.kernel.mountMapped(source, place, maps);
  } catch (error) {
    if (!hasCode(error, "EINVAL", "EPERM")) throw error;
    deps.kernel.mount(source, place, "", MS.BIND | MS.REC);
  }
}

function whyNot(error: unknown): string {
  if (hasCode(error, "EINVAL")) return "its file system, or one that is mounted below it, cannot have that done";
  if (hasCode(error, "EPERM")) return "they are mapped already";
  if (hasCode(error, "ENOSYS")) return "this kernel cannot (Linux 5.12 or newer)";
  return errorMessage(error);
}

/** Lets go of what {@link pinned} made: the container has its own mounts by now, or will never have. Idempotent. */
export async function releasePins(deps: ContainerDeps, id: string): Promise<void> {
  const dir = pinsDir(deps, id);
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) deps.kernel.unmountAll(`${dir}/${name}`);
  await rm(dir, { recursive: true, force: true });
}
