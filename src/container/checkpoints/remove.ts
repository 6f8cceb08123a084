import { rm } from "node:fs/promises";
import type { ContainerDeps } from "../deps.ts";
import { lockContainer } from "../lookup.ts";
import { checkpointsDir, findCheckpoint } from "./directory.ts";

/** Removes a checkpoint. `dir`: a directory of the host; empty: the engine's own. */
export async function removeCheckpoint(deps: ContainerDeps, ref: string, id: string, dir: string): Promise<void> {
  using held = await lockContainer(deps, ref);
  const path = checkpointsDir(deps, held.container, dir);
  await rm(findCheckpoint(path, id, ref), { recursive: true, force: true });
}
