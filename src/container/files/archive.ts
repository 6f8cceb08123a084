import { relative } from "node:path/posix";
import { EngineError, errorMessage, forbidden, internal } from "../../lib/errors.ts";
import type { IdMaps } from "../../linux/id-maps.ts";
import { resolveUser } from "../../runtime/bundle/user.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { findContainer } from "../lookup.ts";
import type { ContainerRecord } from "../record.ts";
import { untilRead } from "../streams/stream-end.ts";
import { idsOf } from "../user-namespace.ts";
import { openView, type View } from "./archive-view.ts";
import { baseName, type PathStat } from "./container-path.ts";
import { archiveStart, extractionPoint, type FilesRoot, statPath } from "./files-in-root.ts";

export type { PathStat } from "./container-path.ts";

/** What is at a path inside a container; a link at the end is not followed. */
export async function statArchive(deps: ContainerDeps, ref: string, path: string): Promise<PathStat> {
  const { view, files } = await viewOf(deps, ref);
  await using _ = view;
  return statPath(files, path);
}

/** A file or directory of a container as an archive, named by the last part of the path. */
export async function getArchive(
  deps: ContainerDeps,
  ref: string,
  path: string,
): Promise<{ stat: PathStat; tar: ReadableStream<Uint8Array> }> {
  const { c, view, files } = await viewOf(deps, ref);
  await using undo = new AsyncDisposableStack();
  undo.use(view);
  const { stat, from } = archiveStart(files, path);
  const tar = deps.images.archiver.pack(view.root, { from, rootName: baseName(path), ...archived(deps, c) });
  publish(deps, c, "archive-path");
  const held = undo.move();
  return { stat, tar: untilRead(tar, () => held.disposeAsync()) };
}

/** Where and how an uploaded archive is unpacked in a container: the query of `PUT /containers/<id>/archive`. */
export interface PutArchiveOptions {
  /** A directory. */
  path: string;
  /** Refuse to put a directory in the place of a file and the reverse. */
  noOverwriteDirNonDir?: boolean;
  /** Give everything to the container's user instead of the archive's owners. */
  copyUIDGID?: boolean;
  signal?: AbortSignal;
}

/** Unpacks an archive into a directory of a container. */
export async function putArchive(
  deps: ContainerDeps,
  ref: string,
  { path, noOverwriteDirNonDir = false, copyUIDGID = false, signal }: PutArchiveOptions,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { c, view, files } = await viewOf(deps, ref);
  await using _ = view;
  const into = extractionPoint(files, path);
  requireWritable(c, `/${into}`);
  const user = copyUIDGID && c.spec.config.User ? resolveUser(view.root, c.spec.config.User) : null;
  try {
    await deps.images.archiver.extract(
      body,
      view.root,
      {
        into,
        otherKind: noOverwriteDirNonDir ? "refuse-cp" : "replace",
        owner: user ? { uid: user.uid, gid: user.gid } : "keep",
        ...archived(deps, c),
      },
      signal,
    );
  } catch (error) {
    throw error instanceof EngineError ? error : internal(errorMessage(error), error);
  }
  publish(deps, c, "extract-to-dir");
}

/** Archives have the owners that the container sees. */
export function archived(deps: ContainerDeps, c: ContainerRecord): { ids?: IdMaps } {
  const ids = idsOf(deps, c);
  return ids ? { ids } : {};
}

async function viewOf(deps: ContainerDeps, ref: string): Promise<{ c: ContainerRecord; view: View; files: FilesRoot }> {
  const c = findContainer(deps, ref);
  const view = await openView(deps, c);
  return { c, view, files: { root: view.root, of: `container ${ref}` } };
}

/** The innermost mount that the path lies in decides, else the root filesystem. */
function requireWritable(c: ContainerRecord, path: string): void {
  const point = c.spec.mounts.findLast(({ destination }) => {
    const rest = relative(destination, path);
    return rest !== ".." && !rest.startsWith("../");
  });
  if (point?.readOnly) throw forbidden("mounted volume is marked read-only");
  if (!point && c.spec.hostConfig.ReadonlyRootfs) throw forbidden("container rootfs is marked read-only");
}
