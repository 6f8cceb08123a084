import type { FilesystemChange } from "../../api/types/container.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";

/** What the container has changed in its image's files (`docker diff`); null: nothing. */
export async function containerChanges(
  deps: ContainerDeps,
  ref: string,
  signal?: AbortSignal,
): Promise<FilesystemChange[] | null> {
  const changes = await deps.rootfs.changes(findContainer(deps, ref).id, signal);
  return changes.length > 0 ? changes : null;
}
