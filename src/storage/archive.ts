import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import { untilRead } from "../container/streams/stream-end.ts";
import { invalid } from "../lib/errors.ts";
import { inspectVolume } from "../volume/inspect.ts";
import { takeVolume } from "../volume/take.ts";
import { useVolume } from "../volume/use.ts";
import type { StorageDeps } from "./deps.ts";

/** A volume's content as a tar archive, whose first member, `./`, is the volume's own directory. */
export async function exportVolume(deps: StorageDeps, name: string): Promise<ReadableStream<Uint8Array>> {
  const used = await useVolume(deps.volumes, name);
  const tar = deps.images.archiver.pack(used.path, { exact: true, rootName: "." });
  deps.volumes.events.publish("volume", "export", { ID: name, Attributes: { driver: used.volume.driver } });
  return untilRead(tar, () => used[Symbol.asyncDispose]());
}

/**
 * Makes a volume of a tar archive, compressed or not: whole, or not at all. Throws `conflict` where the name is taken,
 * `invalid` where the archive is broken or has nothing in it.
 */
export async function importVolume(
  deps: StorageDeps,
  { Name, Labels, DriverOpts }: Pick<VolumeCreateRequest, "Name" | "Labels" | "DriverOpts">,
  archive: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Volume> {
  if (!Name) throw invalid("the new volume needs a name");
  await takeVolume(
    deps.volumes,
    { name: Name, driver: "local", labels: Labels ?? null, options: DriverOpts ?? null },
    { kind: "filled", fill: (directory) => unpackVolume(deps, archive, directory, signal) },
  );
  return await inspectVolume(deps.volumes, Name);
}

/** Unpacks what {@link exportVolume} packs into the directory of a new volume, and writes it out to disk. */
export async function unpackVolume(
  { images: { archiver } }: StorageDeps,
  archive: { file: string } | AsyncIterable<Uint8Array>,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  const options = { rootAttributes: true, overlayAttributes: true };
  const { entries } = await archiver.extract(archive, directory, options, signal);
  // What is made of a pipe whose other end has failed before its first byte is no volume.
  if (entries === 0) throw invalid("the archive is empty");
  await archiver.sync(directory);
}
