import { errorMessage, isNotFound } from "../../lib/errors.ts";
import { nowNano } from "../../linux/clock.ts";
import type { TaskExit } from "../../runtime/deps.ts";
import type { ContainerDeps } from "../deps.ts";
import { settleExecExit } from "../exec/exec-exit.ts";
import { removeViews } from "../files/archive-view.ts";
import { watchHealth } from "../health/health.ts";
import { linksOf } from "../link-table.ts";
import { takeUpLog } from "../logs/log-life.ts";
import { findContainer } from "../lookup.ts";
import { noteMended } from "../network/connect.ts";
import { renewLinks } from "../network/hosts-file.ts";
import { sharedContainer } from "../network/network-files.ts";
import { type ContainerRecord, hasProcess, ZERO_TIME } from "../record.ts";
import { setState } from "../state.ts";
import { allContainers, openExecs } from "../table.ts";
import { handleExit, settleExit } from "./exit.ts";
import { handleOom } from "./oom.ts";
import { release } from "./release.ts";
import { destroy } from "./remove.ts";
import { shouldStartAtBoot } from "./restart-policy.ts";
import { startContainer } from "./start.ts";
import { findStrays, imageMounts, removeStrays } from "./strays.ts";
import { finishUpdate } from "./update.ts";

/** Exit code of a container whose end nobody saw. */
const unseenExit = 255;

/**
 * Makes the world and the database agree, once, before the first request: containers that live are adopted, ends that
 * happened meanwhile are noted with their code and time, what a crash cut off is finished or undone, what belongs to
 * nobody is removed. Containers that are due to run are started in the background, after those they depend on.
 */
export async function restoreContainers(deps: ContainerDeps): Promise<void> {
  const containers = allContainers(deps.store);
  // Watching starts before looking: an end in between is seen twice rather than missed.
  const watching = new DisposableStack();
  deps.live.exitWatch = watching;
  watching.use(deps.runtime.watchOoms((id, options) => void handleOom(deps, id, options)));
  watching.use(deps.runtime.watchExits((exit) => void handleExit(deps, exit)));

  const live = containers.filter((c) => hasProcess(c.state) && deps.runtime.isAlive(c.id));
  const liveIds = new Set(live.map((c) => c.id));
  await removeViews(deps);
  const mended = await deps.networks.reconcile(liveIds);
  await deps.images.reconcile(new Set(containers.flatMap((c) => [c.id, ...imageMounts(c)])));
  await deps.volumes.reconcile(liveIds);

  for (const c of live) {
    const change = mended.get(c.id);
    if (change) noteMended(deps, c, change);
  }
  for (const c of containers) if (!liveIds.has(c.id)) await deps.rootfs.unmount(c.id);

  const due: ContainerRecord[] = [];
  await Promise.all(
    containers.map(async (c) => {
      try {
        if (await restoreOne(deps, c, liveIds.has(c.id))) due.push(c);
      } catch (error) {
        deps.log.error("cannot restore a container", {
          container: c.id,
          phase: c.state.phase,
          error: errorMessage(error),
        });
      }
    }),
  );
  await removeStrays(deps, findStrays(deps, new Set(containers.flatMap((c) => [c.id, ...imageMounts(c)]))));
  startInOrder(deps, due);
}

/** Brings one container to a phase at rest. True where it is to be started now. */
async function restoreOne(deps: ContainerDeps, c: ContainerRecord, alive: boolean): Promise<boolean> {
  using _ = await deps.locks.acquire(c.id);
  takeUpLog(deps, c, { running: alive });
  switch (c.state.phase) {
    case "creating":
      await destroy(deps, c, { volumes: true, quiet: true });
      return false;
    case "removing":
    case "dead":
      await release(deps, c);
      await destroy(deps, c, { volumes: c.state.removeVolumes ?? false });
      return false;
    case "running":
    case "paused":
      if (!alive) return await recordMissedExit(deps, c);
      await adopt(deps, c);
      return false;
    case "starting":
      await release(deps, c);
      setState(deps, c, {
        phase: c.state.startedAt === ZERO_TIME ? "created" : "exited",
        pid: 0,
        conmonPid: 0,
        error: "the engine was interrupted during the start",
      });
      break;
    case "restarting":
      await release(deps, c);
      setState(deps, c, { phase: "exited" });
      return true;
  }
  if (c.spec.hostConfig.AutoRemove && c.state.phase === "exited") {
    await destroy(deps, c, { volumes: true });
    return false;
  }
  return shouldStartAtBoot(c.spec.hostConfig.RestartPolicy, { ...c.state, wasRunning: false });
}

async function adopt(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  if (c.state.heldStill) await deps.runtime.resume(c.id);
  const phase = deps.runtime.isPaused(c.id) ? "paused" : "running";
  if (c.state.phase !== phase || c.state.heldStill) setState(deps, c, { phase, heldStill: false });
  await finishUpdate(deps, c);
  settleEndedExecs(deps, c);
  renewLinks(deps, c.id);
  if (phase === "running") watchHealth(deps, c);
}

/** Execs that ended while no daemon was there to see; those that still run are told of when they end, like any exit. */
function settleEndedExecs(deps: ContainerDeps, c: ContainerRecord): void {
  for (const exec of openExecs(deps.store, c.id)) {
    const exit = exec.phase === "running" ? deps.runtime.takeExecExit(c.id, exec.id) : null;
    if (exit) settleExecExit(deps, exec.id, exit.exitCode, exit.finishedAt);
  }
}

/** An end that the daemon before was about to settle: what the runtime knew of it may be gone. */
function notedExit({
  state: { ending },
}: ContainerRecord): Pick<TaskExit, "exitCode" | "finishedAt" | "oomKilled"> | null {
  return ending ? { ...ending, finishedAt: BigInt(ending.finishedAtNano) } : null;
}

/**
 * The container ended while no daemon was there to see, or went down with the machine. True where policy wants it back.
 */
async function recordMissedExit(deps: ContainerDeps, c: ContainerRecord): Promise<boolean> {
  settleEndedExecs(deps, c);
  const exit = notedExit(c) ?? deps.runtime.readExit(c.id);
  const rebooted = c.state.bootId !== deps.kernel.bootId();
  if (!exit) deps.log.info("a container's end was not seen", { container: c.id, rebooted });
  const restart = await settleExit(deps, c, exit ?? { exitCode: unseenExit, finishedAt: nowNano(), oomKilled: false });
  // Not by itself after a while: with the others, in order.
  deps.live.of(c.id).cancelRestart();
  if (restart) setState(deps, c, { phase: "exited" });
  return restart;
}

/**
 * Starts containers, each after those whose network, IPC or links it needs. A start that fails is the policy's affair.
 */
function startInOrder(deps: ContainerDeps, due: ContainerRecord[]): void {
  const byId = new Map(due.map((c) => [c.id, c]));
  const starts = new Map<string, Promise<void>>();
  // Depth first; a circle is cut where it closes.
  const start = (c: ContainerRecord, path: readonly string[]): Promise<void> => {
    const begun = starts.get(c.id);
    if (begun) return begun;
    const here = [...path, c.id];
    const needed = dependencies(deps, c)
      .filter((id) => !here.includes(id))
      .flatMap((id) => byId.get(id) ?? []);
    const starting = Promise.all(needed.map((other) => start(other, here))).then(() => startAtBoot(deps, c));
    starts.set(c.id, starting);
    return starting;
  };
  for (const c of due) void start(c, []);
}

/** Ids of the containers that have to run before. */
function dependencies(deps: ContainerDeps, c: ContainerRecord): string[] {
  const { NetworkMode, IpcMode, PidMode } = c.spec.hostConfig;
  const shared = [NetworkMode, IpcMode, PidMode].flatMap((mode) => sharedContainer(mode) ?? []);
  const ids = shared.flatMap((ref) => {
    try {
      return [findContainer(deps, ref).id];
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  });
  return [...ids, ...linksOf(deps.store, c.id).map((link) => link.childId)];
}

async function startAtBoot(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  try {
    await startContainer(deps, c.id);
  } catch (error) {
    deps.log.error("cannot start a container at boot", { container: c.id, error: errorMessage(error) });
  }
}
