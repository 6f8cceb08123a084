import { rmdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { conflict, EngineError, errorKind, errorMessage, hasCode, internal, isNotFound } from "../lib/errors.ts";
import { removeRootfs } from "../image/rootfs.ts";
import { removeVolume } from "../volume/remove.ts";
import { waitResult } from "./wait.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { killAndWait } from "./kill.ts";
import { findContainer } from "./lookup.ts";
import { imageMountKey } from "./mounts/image-mount.ts";
import { dataDir, execDir } from "./paths.ts";
import { isRunning, type ContainerRecord } from "./record.ts";
import { setState } from "./state.ts";
import { stateName } from "./status.ts";
import { containerById, deleteContainer, updateSpec } from "./table.ts";

export interface RemoveOptions {
  /** Kill it if it runs. */
  force?: boolean;
  /** Its anonymous volumes go too, unless another container refers to them. */
  volumes?: boolean;
  /** Not the container but the link that `ref` (`parent/alias`) names. */
  link?: boolean;
}

export async function removeContainer(ctx: ContainerContext, ref: string, { force = false, volumes = false, link = false }: RemoveOptions = {}): Promise<void> {
  if (link) return removeLink(ctx, ref);
  const c = findContainer(ctx, ref);
  if (c.state.phase === "removing") throw conflict(`removal of container ${ref} is already in progress`);
  try {
    // Once more where a start was under way when it was asked for.
    while (!(await removeAtRest(ctx, c.id, volumes))) {
      const now = containerById(ctx.store, c.id);
      if (!now) return;
      if (!force) throw conflict(refusal(now));
      await killIfRunning(ctx, now);
    }
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot remove container "${ref}": ${errorMessage(error)}`, { cause: error });
  }
}

/** False where it runs. */
async function removeAtRest(ctx: ContainerContext, id: string, volumes: boolean): Promise<boolean> {
  using _ = await ctx.locks.acquire(id);
  const c = containerById(ctx.store, id);
  // Auto-remove, or another request, may have been faster.
  if (c && isRunning(c.state)) return false;
  if (c) await destroy(ctx, c, { volumes });
  return true;
}

function refusal(c: ContainerRecord): string {
  if (c.state.phase === "paused") return "container is paused and must be unpaused first";
  return `container is ${stateName(c.state)}: stop the container before removing or force remove`;
}

async function killIfRunning(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  try {
    await killAndWait(ctx, c);
  } catch (error) {
    const now = containerById(ctx.store, c.id);
    if (now && isRunning(now.state)) throw new EngineError(errorKind(error), `could not kill container: ${errorMessage(error)}`, { cause: error });
  }
}

/**
 * Removes a container that does not run, and all that was ever its. The caller holds the lock. Begun once it is
 * finished, by the next daemon if need be: the phase says so, and every step may be done again. `quiet`: nobody was told
 * of its creation.
 */
export async function destroy(ctx: ContainerContext, c: ContainerRecord, { volumes, quiet = false }: { volumes: boolean; quiet?: boolean }): Promise<void> {
  const live = ctx.live.of(c.id);
  live.cancelRestart();
  live.dismissPendingClients();
  setState(ctx, c, { phase: "removing", removeVolumes: volumes });
  try {
    // Its unmounting may write out half the disk first: it gets its time, unwatched. The next boot finishes what fails.
    ctx.live.inBackground(removeStorage(ctx, c).catch((error: unknown) => {
      ctx.log.warn("cannot remove a root filesystem", { container: c.id, error: errorMessage(error) });
    }));
    await rm(dataDir(ctx, c.id), { recursive: true, force: true });
  } catch (error) {
    const message = `unable to remove filesystem: ${errorMessage(error)}`;
    setState(ctx, c, { phase: "dead", error: message });
    live.announceRemoval(waitResult(c.state));
    throw internal(message, error);
  }
  // Before the row: it is what the next daemon would know them by.
  if (volumes) await removeVolumes(ctx, c);
  deleteContainer(ctx.store, c.id);
  if (!quiet) publish(ctx, c, "destroy");
  // What went wrong before (a start that failed) is not about the removal.
  live.announceRemoval({ StatusCode: c.state.exitCode });
  ctx.live.forget(c.id);
}

async function removeStorage(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  await ctx.live.of(c.id).unmounting;
  const images = c.spec.mounts.filter((point) => point.type === "image").map((point) => imageMountKey(c.id, point));
  await Promise.all([c.id, ...images].map((key) => removeRootfs(ctx.images, key)));
  for (const key of [c.id, ...images]) removeEmptyDirectory(execDir(ctx, key));
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
async function removeVolumes(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  for (const { anonymous, name } of c.spec.mounts) {
    if (!anonymous || !name) continue;
    try {
      await removeVolume(ctx.volumes, name, { withContainer: c.id });
    } catch (error) {
      // In use elsewhere (`--volumes-from`), or gone already: not this container's concern.
      if (errorKind(error) !== "conflict" && !isNotFound(error)) ctx.log.warn("cannot remove volume", { volume: name, error: errorMessage(error) });
    }
  }
}

/** `docker rm --link parent/alias`. */
async function removeLink(ctx: ContainerContext, ref: string): Promise<void> {
  const [parentName = "", alias] = ref.replace(/^\//, "").split("/");
  if (alias === undefined) throw conflict("Conflict, cannot remove the default link name of the container");
  const parent = findContainer(ctx, parentName);
  const links = parent.spec.links.filter((link) => link.alias !== alias);
  if (links.length === parent.spec.links.length) throw internal(`Cannot get parent /${parentName} for link name /${parentName}/${alias}`);
  using _ = await ctx.locks.acquire(parent.id);
  updateSpec(ctx.store, parent.id, { ...parent.spec, links });
}
