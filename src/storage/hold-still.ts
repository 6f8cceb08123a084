import { holdStill } from "../container/life/pause.ts";
import { volumeUsers } from "../volume/use.ts";
import type { StorageDeps } from "./deps.ts";

/** Freezes all running containers that have the volume, for the length of a block. */
export async function holdUsersStill(deps: StorageDeps, name: string): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  for (const id of volumeUsers(deps.volumes, name)) undo.use(await holdStill(deps.containers, id));
  return undo.move();
}
