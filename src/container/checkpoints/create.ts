import { mkdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage, internal } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { lockContainer, notRunning } from "../lookup.ts";
import { setState } from "../state.ts";
import { checkpointsDir, isName } from "./directory.ts";

/** What a client asks to be saved. */
export interface CheckpointOptions {
  id: string;
  /** A directory of the host; empty: the engine's own. */
  dir: string;
  /** The container stops afterwards. */
  exit: boolean;
}

/**
 * Saves the processes of a running container, so that a later start goes on where they were. What cannot be saved
 * leaves nothing, and the container as it was. Throws with Docker's texts.
 */
export async function createCheckpoint(
  deps: ContainerDeps,
  ref: string,
  { id, dir, exit }: CheckpointOptions,
): Promise<void> {
  using held = await lockContainer(deps, ref);
  const c = held.container;
  if (c.state.phase !== "running") throw notRunning(c.id);
  if (!isName(id)) throw internal(`Invalid checkpoint ID (${id}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  if (c.spec.config.Tty) throw internal("checkpoint not supported on containers with tty");
  const imagePath = join(checkpointsDir(deps, c, dir), id);
  const stat = statSync(imagePath, { throwIfNoEntry: false });
  if (stat) {
    const why = stat.isDirectory()
      ? `checkpoint with name ${id} already exists for container ${ref}`
      : `${imagePath} exists and is not a directory`;
    throw internal(`cannot checkpoint container ${ref}: ${why}`);
  }
  mkdirSync(imagePath, { recursive: true, mode: 0o700 });
  const { manuallyStopped } = c.state;
  try {
    // Whoever stops it so does not want its restart policy to start it from the beginning.
    if (exit) setState(deps, c, { manuallyStopped: true });
    await deps.runtime.checkpoint(c.id, { imagePath, leaveRunning: !exit });
  } catch (cause) {
    setState(deps, c, { manuallyStopped });
    await rm(imagePath, { recursive: true, force: true });
    throw internal(`Cannot checkpoint container ${ref}: ${errorMessage(cause)}`, cause);
  }
  // As Docker tells it: the processes stood still meanwhile.
  publish(deps, c, "pause");
  if (!exit) publish(deps, c, "unpause");
  publish(deps, c, "checkpoint");
}
