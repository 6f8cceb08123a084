import { rmdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { conflict, EngineError, errorKind, errorMessage, hasCode, internal, isNotFound } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { forgetLog } from "../logs/log-life.ts";
import { findContainer } from "../lookup.ts";
import { imageMountKey } from "../mounts/image-mount.ts";
import { removeLink } from "../network/remove-link.ts";
import { dataDir, execDir } from "../paths.ts";
import { type ContainerRecord, countsAsRunning } from "../record.ts";
import { setState } from "../state.ts";
import { containerById, deleteContainer } from "../table.ts";
import { stateName } from "../view/status.ts";
import { killAndWait } from "./kill.ts";
import { waitResult } from "./wait.ts";

/** The query of `DELETE /containers/<id>`. */
export interface RemoveOptions {
  /** Kill it if it runs. */
  force?: boolean;
  /** Its anonymous volumes go too, unless another container refers to them. */
  volumes?: boolean;
  /** Not the container but the link that `ref` (`parent/alias`) names. */
  link?: boolean;
}

/**
 * Removes a container with all that belongs to it. Throws `conflict` where it runs and `force` is not given, or where
 * another removal is under way.
 */
export async function removeContainer(
  deps: ContainerDeps,
  ref: string,
  { force = false, volumes = false, link = false }: RemoveOptions = {},
): Promise<void> {
  if (link) return removeLink(deps, ref);
  const c = findContainer(deps, ref);
  if (c.state.phase === "removing") throw conflict(`removal of container ${ref} is already in progress`);
  try {
    // Tried again where a start was under way.
    while (!(await removeAtRest(deps, c.id, volumes))) {
      const now = containerById(deps.store, c.id);
      if (!now) return;
      if (!force) throw conflict(refusal(now));
      await killIfRunning(deps, now);
    }
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot remove container "${ref}": ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** False where it runs. */
async function removeAtRest(deps: ContainerDeps, id: string, volumes: boolean): Promise<boolean> {
  using _ = await deps.locks.acquire(id);
  const c = containerById(deps.store, id);
  // Auto-remove, or another request, may have been faster.
  if (c && countsAsRunning(c.state)) return false;
  if (c) await destroy(deps, c, { volumes });
  return true;
}

function refusal(c: ContainerRecord): string {
  if (c.state.phase === "paused") return "container is paused and must be unpaused first";
  return `container is ${stateName(c.state)}: stop the container before removing or force remove`;
}

async function killIfRunning(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  try {
    await killAndWait(deps, c);
  } catch (error) {
    const now = containerById(deps.store, c.id);
    if (now && countsAsRunning(now.state))
      throw new EngineError(errorKind(error), `could not kill container: ${errorMessage(error)}`, { cause: error });
  }
}

/**
 * Removes a container that does not run, and all that was ever its. The caller holds the lock. Once begun it is
 * finished, by the next daemon if need be: the phase records it, and every step can be repeated. `quiet`: publishes no
 * event, as there was none at its creation.
 */
export async function destroy(
  deps: ContainerDeps,
  c: ContainerRecord,
  { volumes, quiet = false }: { volumes: boolean; quiet?: boolean },
): Promise<void> {
  const live = deps.live.of(c.id);
  live.cancelRestart();
  live.dismissPendingClients();
  setState(deps, c, { phase: "removing", removeVolumes: volumes });
  try {
    // Its unmounting may write out half the disk first: it gets its time, unwatched. The next boot finishes what fails.
    deps.live.inBackground(
      removeStorage(deps, c).catch((error: unknown) => {
        deps.log.warn("cannot remove a root filesystem", { container: c.id, error: errorMessage(error) });
      }),
    );
    await forgetLog(deps, c.id);
    await rm(dataDir(deps, c.id), { recursive: true, force: true });
  } catch (error) {
    const message = `unable to remove filesystem: ${errorMessage(error)}`;
    setState(deps, c, { phase: "dead", error: message });
    live.announceRemoval(waitResult(c.state));
    throw internal(message, error);
  }
  // Before the row, by which the next daemon finds the volumes. Copies that still run have them mounted.
  if (volumes) {
    await Promise.all(live.rootfsUsers);
    await removeVolumes(deps, c);
  }
  deleteContainer(deps.store, c.id);
  if (!quiet) publish(deps, c, "destroy");
  // What went wrong before (a start that failed) is not about the removal.
  live.announceRemoval({ StatusCode: c.state.exitCode });
  deps.live.forget(c.id);
}

async function removeStorage(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  await deps.live.of(c.id).unmounting;
  const images = c.spec.mounts.filter((point) => point.type === "image").map((point) => imageMountKey(c.id, point));
  await Promise.all([c.id, ...images].map((key) => deps.rootfs.remove(key)));
  for (const key of [c.id, ...images]) removeEmptyDirectory(execDir(deps, key));
}

/** Never more than that: should anything still be mounted there, it is not ours to delete. */
function removeEmptyDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}

/** Those that were made for it, without a name that anybody chose. */
async function removeVolumes(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  for (const { anonymous, name } of c.spec.mounts) {
    if (!anonymous || !name) continue;
    try {
      await deps.volumes.remove(name, { withContainer: c.id });
    } catch (error) {
      // In use elsewhere (`--volumes-from`), or gone already: not this container's concern.
      if (errorKind(error) !== "conflict" && !isNotFound(error))
        deps.log.warn("cannot remove volume", { volume: name, error: errorMessage(error) });
    }
  }
}
