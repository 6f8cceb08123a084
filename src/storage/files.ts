import type { VolumeCopyRequest } from "../api/types/volume.ts";
import { baseName, type PathStat } from "../container/files/container-path.ts";
import { archiveStart, extractionPoint, type FilesRoot, statPath } from "../container/files/files-in-root.ts";
import { untilRead } from "../container/streams/stream-end.ts";
import { invalid } from "../lib/errors.ts";
import { type UsedVolume, useVolume } from "../volume/use.ts";
import type { StorageDeps } from "./deps.ts";

/** What is at a path of a volume; a link at the end is not followed. */
export async function statVolumeFile(deps: StorageDeps, name: string, path: string): Promise<PathStat> {
  await using used = await useVolume(deps.volumes, name);
  return statPath(filesOf(used), path);
}

/** A file or directory of a volume as an archive, named by the last part of the path. */
export async function getVolumeFiles(
  deps: StorageDeps,
  name: string,
  path: string,
): Promise<{ stat: PathStat; tar: ReadableStream<Uint8Array> }> {
  await using undo = new AsyncDisposableStack();
  const used = undo.use(await useVolume(deps.volumes, name));
  const { stat, from } = archiveStart(filesOf(used), path);
  const tar = deps.images.archiver.pack(used.path, { from, rootName: baseName(path), exact: true });
  publish(deps, used, "archive-path");
  const held = undo.move();
  return { stat, tar: untilRead(tar, () => held.disposeAsync()) };
}

/** Unpacks an archive into a directory of a volume, owners and all. `otherKind` as in `docker cp`. */
export async function putVolumeFiles(
  deps: StorageDeps,
  name: string,
  { path, noOverwriteDirNonDir }: { path: string; noOverwriteDirNonDir: boolean },
  archive: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  await using used = await useVolume(deps.volumes, name);
  const into = extractionPoint(filesOf(used), path);
  const otherKind = noOverwriteDirNonDir ? "refuse-cp" : "replace";
  await deps.images.archiver.extract(archive, used.path, { into, otherKind, overlayAttributes: true }, signal);
  publish(deps, used, "extract-to-dir");
}

/** Copies a file or directory of one volume into a directory of another, or of the same, under a name. */
export async function copyVolumeFiles(
  deps: StorageDeps,
  name: string,
  { FromVolume, FromPath, Directory, Name }: VolumeCopyRequest,
  signal?: AbortSignal,
): Promise<void> {
  if (!FromVolume) throw invalid("the volume to copy from needs a name");
  if (!Name || Name.includes("/") || Name === "..") throw invalid(`invalid name of a copy: ${JSON.stringify(Name)}`);
  await using source = await useVolume(deps.volumes, FromVolume);
  await using target = await useVolume(deps.volumes, name);
  const { stat, from } = archiveStart(filesOf(source), FromPath || "/");
  const into = extractionPoint(filesOf(target), Directory || "/");
  const isDirectory = stat.mode >= 2 ** 31;
  if (isDirectory && source.path === target.path && (from === "" || `${into}/`.startsWith(`${from}/`)))
    throw invalid(`cannot copy a directory, /${from}, into itself, /${into}`);
  await deps.images.archiver.transfer(
    source.path,
    { from, rootName: Name, exact: true },
    target.path,
    { into, otherKind: "refuse-cp", overlayAttributes: true },
    signal,
  );
  publish(deps, source, "archive-path");
  publish(deps, target, "extract-to-dir");
}

const filesOf = ({ volume, path }: UsedVolume): FilesRoot => ({ root: path, of: `volume ${volume.name}` });

function publish(deps: StorageDeps, { volume }: UsedVolume, action: "archive-path" | "extract-to-dir"): void {
  deps.volumes.events.publish("volume", action, { ID: volume.name, Attributes: { driver: volume.driver } });
}
