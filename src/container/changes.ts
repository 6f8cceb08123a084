import type { FilesystemChange } from "../api/types/container.ts";
import { rootfsChanges } from "../image/rootfs.ts";
import type { ContainerContext } from "./context.ts";
import { findContainer } from "./lookup.ts";

/** What the container has changed in its image's files (`docker diff`). */
export async function containerChanges(ctx: ContainerContext, ref: string): Promise<FilesystemChange[]> {
  return rootfsChanges(ctx.images, findContainer(ctx, ref).id);
}
