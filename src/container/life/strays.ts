import { errorMessage } from "../../lib/errors.ts";
import { namesIn } from "../../lib/names-in.ts";
import type { ContainerDeps } from "../deps.ts";
import { imageMountKey } from "../mounts/image-mount.ts";
import { releasePins } from "../mounts/pin.ts";
import { releaseShm } from "../mounts/set-up.ts";
import type { ContainerRecord } from "../record.ts";
import { allContainers } from "../table.ts";

/** Tasks and folders of containers that the database does not know: of a start or a removal that was cut off. */
export interface Strays {
  tasks: string[];
  /** Names of folders in `<data root>/containers`. */
  data: string[];
  /** The same in `<exec root>/containers`. */
  exec: string[];
}

/** Ids of all containers, and keys of the images that they have mounted. */
export function knownKeys(deps: ContainerDeps): Set<string> {
  return new Set(allContainers(deps.store).flatMap((c) => [c.id, ...imageMounts(c)]));
}

/** Keys of the root filesystems that stand for the images which a container has mounted. */
export const imageMounts = (c: ContainerRecord) =>
  c.spec.mounts.filter((point) => point.type === "image").map((point) => imageMountKey(c.id, point));

/** Builds have tasks too: nobody may be building. */
export function findStrays(deps: ContainerDeps, known: ReadonlySet<string>): Strays {
  const isStray = (id: string) => /^[0-9a-f]{64}$/.test(id) && !known.has(id);
  return {
    tasks: deps.runtime.ids().filter(isStray),
    data: namesIn(`${deps.dataRoot}/containers`).filter(isStray),
    exec: namesIn(`${deps.execRoot}/containers`).filter((id) => !known.has(id)),
  };
}

/** Refuses to touch what is still mounted there. */
export async function removeStrays(deps: ContainerDeps, { tasks, data, exec }: Strays): Promise<void> {
  for (const id of tasks) await deps.runtime.delete(id);
  for (const id of data) await deps.images.archiver.remove(`${deps.dataRoot}/containers/${id}`);
  for (const id of exec) {
    await releaseShm(deps, id);
    await releasePins(deps, id);
    await deps.images.archiver.remove(`${deps.execRoot}/containers/${id}`).catch((error: unknown) => {
      deps.log.warn("cannot remove what a container left", { container: id, error: errorMessage(error) });
    });
  }
}
