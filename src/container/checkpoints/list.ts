import { mkdirSync, readdirSync, statSync } from "node:fs";
import { internal } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { checkpointsDir } from "./directory.ts";

/** The checkpoints of a container, by name. `dir`: a directory of the host; empty: the engine's own. */
export function listCheckpoints(deps: ContainerDeps, ref: string, dir: string): { Name: string }[] {
  const c = findContainer(deps, ref);
  const path = checkpointsDir(deps, c, dir);
  if (dir === "") mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw internal(`checkpoint  does not exist for container ${ref}`);
  if (!stat.isDirectory()) throw internal(`${path} exists and is not a directory`);
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ Name: name }))
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}
