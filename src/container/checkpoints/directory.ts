import { statSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { dataDir } from "../paths.ts";
import type { ContainerRecord } from "../record.ts";

/** Where a container's checkpoints are: a directory of the host that the client names, else the engine's own. */
export function checkpointsDir(deps: ContainerDeps, c: ContainerRecord, dir: string): string {
  return dir || join(dataDir(deps, c.id), "checkpoints");
}

/** The directory of a checkpoint. `name`: the container's, for the text. Throws `internal` where it is none. */
export function findCheckpoint(path: string, id: string, name: string): string {
  const directory = join(path, id);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (!stat || !isName(id)) throw internal(`checkpoint ${id} does not exist for container ${name}`);
  if (!stat.isDirectory()) throw internal(`${directory} exists and is not a directory`);
  return directory;
}

/** Names that checkpoints may have, so that none leads out of the directory. */
export function isName(id: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(id);
}
