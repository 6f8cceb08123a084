import { errorMessage, isNotFound } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { reconcileImages } from "../image/reconcile.ts";
import { unmountRootfs } from "../image/rootfs.ts";
import { reconcileNetworks } from "../network/reconcile.ts";
import { deleteTask } from "../runtime/delete.ts";
import { takeExecExit } from "../runtime/exec-exits.ts";
import { taskIds, watchExits } from "../runtime/exits.ts";
import { isPaused, resumeTask } from "../runtime/pause.ts";
import { isAlive, readExit } from "../runtime/task-state.ts";
import { reconcileVolumes } from "../volume/mount.ts";
import { removeViews } from "./archive-view.ts";
import { bootId } from "../linux/boot-id.ts";
import type { ContainerContext } from "./context.ts";
import { settleExecExit } from "./exec-exit.ts";
import { handleExit, settleExit } from "./exit.ts";
import { watchHealth } from "./health.ts";
import { sharedContainer } from "./network-files.ts";
import { findContainer } from "./lookup.ts";
import { imageMountKey } from "./mounts/image-mount.ts";
import { releasePins, releaseShm } from "./mounts/set-up.ts";
import { ZERO_TIME, type ContainerRecord } from "./record.ts";
import { release } from "./release.ts";
import { destroy } from "./remove.ts";
import { shouldStartAtBoot } from "./restart-policy.ts";
import { startContainer } from "./start.ts";
import { setState } from "./state.ts";
import { allContainers, openExecs } from "./table.ts";

/** Exit code of a container whose end nobody saw. */
const unseenExit = 255;

/**
 * Makes the world and the database agree, once, before the first request: containers that live are adopted, ends that
 * happened meanwhile are noted with their code and time, what a crash cut off is finished or undone, what belongs to
 * nobody is removed. Containers that are due to run are started in the background, after those they depend on.
 */
export async function restoreContainers(ctx: ContainerContext): Promise<void> {
  const containers = allContainers(ctx.store);
  // Watch first, then look: an end in between shows twice, never not at all.
  ctx.live.exitWatch = await watchExits(ctx.runtime, (exit) => void handleExit(ctx, exit));

  for (const { containerId } of containers.flatMap((c) => c.spec.links)) ctx.live.linkTargets.add(containerId);

  const live = containers.filter((c) => hasRun(c) && isAlive(ctx.runtime, c.id));
  const liveIds = new Set(live.map((c) => c.id));
  await removeViews(ctx);
  await reconcileNetworks(ctx.networks, liveIds);
  await reconcileImages(ctx.images, new Set(containers.flatMap((c) => [c.id, ...imageMounts(c)])));
  await reconcileVolumes(ctx.volumes, liveIds);

  for (const c of containers) if (!liveIds.has(c.id)) await unmountRootfs(ctx.images, c.id);

  const due: ContainerRecord[] = [];
  await Promise.all(containers.map(async (c) => {
    try {
      if (await restoreOne(ctx, c, liveIds.has(c.id))) due.push(c);
    } catch (error) {
      ctx.log.error("cannot restore a container", { container: c.id, phase: c.state.phase, error: errorMessage(error) });
    }
  }));
  await removeStrays(ctx, new Set(containers.flatMap((c) => [c.id, ...imageMounts(c)])));
  startInOrder(ctx, due);
}

/** A row that says so may have a process of its own; one of any other phase has none that counts. */
const hasRun = (c: ContainerRecord) => c.state.phase === "running" || c.state.phase === "paused";
const imageMounts = (c: ContainerRecord) => c.spec.mounts.filter((point) => point.type === "image").map((point) => imageMountKey(c.id, point));

/** Brings one container to a phase at rest. True where it is to be started now. */
async function restoreOne(ctx: ContainerContext, c: ContainerRecord, alive: boolean): Promise<boolean> {
  using _ = await ctx.locks.acquire(c.id);
  switch (c.state.phase) {
    case "creating":
      await destroy(ctx, c, { volumes: true, quiet: true });
      return false;
    case "removing":
    case "dead":
      await release(ctx, c);
      await destroy(ctx, c, { volumes: c.state.removeVolumes ?? false });
      return false;
    case "running":
    case "paused":
      if (!alive) return await recordMissedExit(ctx, c);
      await adopt(ctx, c);
      return false;
    case "starting":
      await release(ctx, c);
      setState(ctx, c, { phase: c.state.startedAt === ZERO_TIME ? "created" : "exited", pid: 0, conmonPid: 0, error: "the engine was interrupted during the start" });
      break;
    case "restarting":
      await release(ctx, c);
      setState(ctx, c, { phase: "exited" });
      return true;
  }
  if (c.spec.hostConfig.AutoRemove && c.state.phase === "exited") {
    await destroy(ctx, c, { volumes: true });
    return false;
  }
  return shouldStartAtBoot(c.spec.hostConfig.RestartPolicy, { ...c.state, wasRunning: false });
}

async function adopt(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  if (c.state.heldStill) await resumeTask(ctx.runtime, c.id);
  const phase = isPaused(ctx.runtime, c.id) ? "paused" : "running";
  if (c.state.phase !== phase || c.state.heldStill) setState(ctx, c, { phase, heldStill: false });
  settleEndedExecs(ctx, c);
  if (phase === "running") watchHealth(ctx, c);
}

/** Execs that ended while no daemon was there to see; those that still run are told of when they end, like any exit. */
function settleEndedExecs(ctx: ContainerContext, c: ContainerRecord): void {
  for (const exec of openExecs(ctx.store, c.id)) {
    const exit = exec.phase === "running" ? takeExecExit(ctx.runtime, c.id, exec.id) : null;
    if (exit) settleExecExit(ctx, exec.id, exit.exitCode, exit.finishedAt);
  }
}

/** The container ended while no daemon was there to see, or went down with the machine. True where policy wants it back. */
async function recordMissedExit(ctx: ContainerContext, c: ContainerRecord): Promise<boolean> {
  settleEndedExecs(ctx, c);
  const exit = readExit(ctx.runtime, c.id);
  const rebooted = c.state.bootId !== bootId();
  if (!exit) ctx.log.info("a container's end was not seen", { container: c.id, rebooted });
  const restart = await settleExit(ctx, c, exit ?? { exitCode: unseenExit, finishedAt: new Date(), oomKilled: false });
  // Not by itself after a while: with the others, in order.
  ctx.live.of(c.id).cancelRestart();
  if (restart) setState(ctx, c, { phase: "exited" });
  return restart;
}

/** Tasks and directories of containers that the database does not know: made by a start or left by a removal that a crash cut off. */
async function removeStrays(ctx: ContainerContext, known: ReadonlySet<string>): Promise<void> {
  const isStray = (id: string) => /^[0-9a-f]{64}$/.test(id) && !known.has(id);
  for (const id of taskIds(ctx.runtime).filter(isStray)) await deleteTask(ctx.runtime, id);
  for (const id of namesIn(`${ctx.dataRoot}/containers`).filter(isStray)) await ctx.images.archiver.remove(`${ctx.dataRoot}/containers/${id}`);
  for (const id of namesIn(`${ctx.execRoot}/containers`)) {
    if (known.has(id)) continue;
    await releaseShm(ctx, id);
    await releasePins(ctx, id);
    // Refuses to touch what is still mounted there.
    await ctx.images.archiver.remove(`${ctx.execRoot}/containers/${id}`).catch((error: unknown) => {
      ctx.log.warn("cannot remove what a container left", { container: id, error: errorMessage(error) });
    });
  }
}

/** Starts containers, each after those whose network, IPC or links it needs. A start that fails is the policy's affair. */
function startInOrder(ctx: ContainerContext, due: ContainerRecord[]): void {
  const byId = new Map(due.map((c) => [c.id, c]));
  const starts = new Map<string, Promise<void>>();
  // Depth first; a circle is cut where it closes.
  const start = (c: ContainerRecord, path: readonly string[]): Promise<void> => {
    const begun = starts.get(c.id);
    if (begun) return begun;
    const here = [...path, c.id];
    const needed = dependencies(ctx, c).filter((id) => !here.includes(id)).flatMap((id) => byId.get(id) ?? []);
    const starting = Promise.all(needed.map((other) => start(other, here))).then(() => startAtBoot(ctx, c));
    starts.set(c.id, starting);
    return starting;
  };
  for (const c of due) void start(c, []);
}

/** Ids of the containers that have to run before. */
function dependencies(ctx: ContainerContext, c: ContainerRecord): string[] {
  const { NetworkMode, IpcMode, PidMode } = c.spec.hostConfig;
  const shared = [NetworkMode, IpcMode, PidMode].flatMap((mode) => sharedContainer(mode) ?? []);
  const ids = shared.flatMap((ref) => {
    try {
      return [findContainer(ctx, ref).id];
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  });
  return [...ids, ...c.spec.links.map((link) => link.containerId)];
}

async function startAtBoot(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  try {
    await startContainer(ctx, c.id);
  } catch (error) {
    ctx.log.error("cannot start a container at boot", { container: c.id, error: errorMessage(error) });
  }
}
