import { mkdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../../lib/ids.ts";
import { close, O, openDir, openInRoot } from "../../../linux/at.ts";
import { SystemError } from "../../../linux/syscall.ts";
import type { RunMount } from "../../dockerfile/instructions.ts";
import { baseOf, inside } from "../../source/path.ts";
import { type MadeMount, type Mounting, unpackInto } from "./mounting.ts";

/**
 * `--mount=type=bind`: files of the context, of a stage or of an image. Read-only unless it says otherwise; what is
 * written then is thrown away.
 */
export async function bindMount(
  mounting: Mounting,
  mount: RunMount,
  destination: string,
  place: string,
): Promise<MadeMount> {
  const from = await mounting.origin(mount);
  const { source = "" } = mount;
  const writable = mount.readonly === false;
  mkdirSync(place, { mode: 0o755 });
  let root = place;
  if ("chain" in from) {
    await mountChain(mounting, from.chain, place, writable);
    root = locate(place, source, mounting.refuse);
  } else {
    const path = inside(source);
    const isFile = from.tree.entry(path)?.type === "file";
    await unpackInto(mounting, from.tree, source, place);
    if (isFile) root = join(place, baseOf(path));
  }
  return { mount: { destination, type: "bind", source: root, options: ["rbind", ...(writable ? [] : ["ro"])] } };
}

/** Mounts a chain at a directory; what is written to a writable one is thrown away. */
export async function mountChain(
  { deps, undo }: Pick<Mounting, "deps" | "undo">,
  chain: readonly string[],
  place: string,
  writable: boolean,
): Promise<void> {
  if (chain.length === 0 && !writable) return;
  const { snapshotter } = deps.images;
  if (writable) {
    const key = `build-${newId()}`;
    await snapshotter.prepare(key, chain);
    undo.defer(() => snapshotter.remove(key));
    snapshotter.mount(key, chain, place, { volatile: true });
  } else snapshotter.view(chain, place);
  undo.defer(() => snapshotter.unmount(place));
}

/** The real path of something inside a mounted root, its links followed inside that root. */
export function locate(mounted: string, path: string, refuse: Mounting["refuse"]): string {
  const fd = openDir(mounted);
  try {
    const found = openInRoot(fd, path, O.PATH);
    try {
      return readlinkSync(`/proc/self/fd/${found}`);
    } finally {
      close(found);
    }
  } catch (error) {
    if (error instanceof SystemError) throw refuse(`failed to compute cache key: "${path}": not found`);
    throw error;
  } finally {
    close(fd);
  }
}
