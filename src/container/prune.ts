import type { Filters } from "../api/filters.ts";
import type { ContainerContext } from "./context.ts";
import { notImplemented } from "../lib/errors.ts";

export async function pruneContainers(_ctx: ContainerContext, filters?: Filters): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
  throw notImplemented("not implemented yet");
}
