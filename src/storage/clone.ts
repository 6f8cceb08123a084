import type { Volume, VolumeCloneRequest } from "../api/types/volume.ts";
import { invalid } from "../lib/errors.ts";
import { anonymousLabel } from "../volume/create.ts";
import { inspectVolume } from "../volume/inspect.ts";
import { limitOf } from "../volume/limit.ts";
import { takeVolume } from "../volume/take.ts";
import { useVolume } from "../volume/use.ts";
import type { StorageDeps } from "./deps.ts";
import { holdUsersStill } from "./hold-still.ts";

/**
 * Makes a local volume with the content and the labels of another one, whoever keeps that: blocks are shared where the
 * filesystem can, else copied. With `Pause` (the default) running containers that have the volume stand still
 * meanwhile, so that all of it is of one moment. Throws `not-found`, and `conflict` where the new name is taken.
 */
export async function cloneVolume(
  deps: StorageDeps,
  name: string,
  { Name, Labels, Pause }: VolumeCloneRequest,
  signal?: AbortSignal,
): Promise<Volume> {
  if (!Name) throw invalid("the new volume needs a name");
  await using source = await useVolume(deps.volumes, name);
  const { [anonymousLabel]: _, ...labels } = { ...source.volume.labels, ...Labels };
  await takeVolume(
    deps.volumes,
    { name: Name, driver: "local", labels, options: await limitOf(deps.volumes, source.volume.options) },
    {
      kind: "filled",
      from: name,
      fill: async (directory) => {
        {
          await using _still = (Pause ?? true) ? await holdUsersStill(deps, name) : undefined;
          await deps.images.archiver.copy(source.path, directory, { clones: true, overlayAttributes: true }, signal);
        }
        await deps.images.archiver.sync(directory);
      },
    },
  );
  return await inspectVolume(deps.volumes, Name);
}
