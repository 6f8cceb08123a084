import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { conflict, errorMessage, notModified } from "../../lib/errors.ts";
import { timeNow } from "../../linux/clock.ts";
import { RuntimeError } from "../../runtime/runtime-errors.ts";
import type { CreatedTask } from "../../runtime/types.ts";
import { checkpointsDir, findCheckpoint } from "../checkpoints/directory.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { openRootfs } from "../files/rootfs-use.ts";
import { watchHealth } from "../health/health.ts";
import { beginLog } from "../logs/log-life.ts";
import { logLimitsOf, logPathOf } from "../logs/log-options.ts";
import { lockContainer } from "../lookup.ts";
import { releasePins } from "../mounts/pin.ts";
import { prepareMounts } from "../mounts/set-up.ts";
import { rewriteLinkedHosts } from "../network/hosts-file.ts";
import { joinNetwork, type NetworkJoin } from "../network/join-network.ts";
import { type ContainerRecord, ZERO_TIME } from "../record.ts";
import { setState } from "../state.ts";
import { letThrough, openUserNamespace, settleIds } from "../user-namespace.ts";
import { composeSpec, type SpecParts } from "./compose-spec.ts";
import { release } from "./release.ts";
import { destroy } from "./remove.ts";

/** What a start goes on from. */
export interface StartOptions {
  /** The name of a checkpoint, and the directory of the host that it is in; empty: the engine's own. */
  checkpoint?: string;
  checkpointDir?: string;
}

/**
 * Starts a container that does not run.
 *
 * What a start takes: the root filesystem is mounted, the network set up, volumes mounted; of these the specification
 * is made; the runtime builds the container around it; clients that wait are connected, so that they miss nothing;
 * then the process runs. Whatever fails, everything is given back, and the state tells why.
 */
export async function startContainer(
  deps: ContainerDeps,
  ref: string,
  { checkpoint, checkpointDir = "" }: StartOptions = {},
): Promise<void> {
  using held = await lockContainer(deps, ref);
  const c = held.container;
  refuseStart(c);
  const saved =
    checkpoint === undefined
      ? undefined
      : findCheckpoint(checkpointsDir(deps, c, checkpointDir), checkpoint, `/${c.name}`);
  deps.live.of(c.id).cancelRestart();
  Object.assign(c.state, { restartCount: 0, manuallyStopped: false, ordered: null });
  deps.live.of(c.id).backoff = 0;
  try {
    await launch(deps, c, saved);
  } catch (error) {
    recordFailure(deps, c, error);
    if (c.spec.hostConfig.AutoRemove) await destroy(deps, c, { volumes: true });
    throw error;
  }
}

/**
 * The start itself, also of a restart. The caller holds the lock. On failure nothing is left but the phase. `saved`:
 * the directory of a checkpoint that it goes on from.
 */
export async function launch(deps: ContainerDeps, c: ContainerRecord, saved?: string): Promise<void> {
  using userns = await openUserNamespace(deps, c);
  // A restart shows as one until it runs.
  setState(deps, c, {
    phase: c.state.phase === "restarting" ? "restarting" : "starting",
    error: "",
    bootId: deps.kernel.bootId(),
  });
  await deps.live.of(c.id).unmounting;
  await settleIds(deps, c, userns?.ids);
  await using undo = new AsyncDisposableStack();
  // One undo for all: what a start makes is found by the container's id, however far it came.
  undo.defer(() => release(deps, c));

  const network = joinNetwork(deps, c, userns?.fd);
  undo.defer(() => network.settle());
  const opened = openRootfs(deps, c);
  const [rootfs, mounts, netnsPath] = await allOf([opened, prepareMounts(deps, c, opened), network.netnsPath]);
  // The interfaces are made while the runtime, in processes of its own, builds the container around the namespace.
  // Without a network the building fails too: the network's error is the one to tell, so it comes first.
  // Processes that were saved go on at once, and find their network.
  if (saved !== undefined) {
    network.furnish();
    await network.ready;
  }
  const building = buildTask(deps, c, { rootfs, mounts, netnsPath, network, userns }, saved);
  const [connected, task] = await allOf([network.ready, building]);
  await releasePins(deps, c.id);
  await connectPendingClients(deps, c);
  const startedAt = timeNow();
  if (saved === undefined) await deps.runtime.start(c.id);
  undo.move();

  setState(deps, c, {
    phase: "running",
    pid: task.pid,
    conmonPid: task.conmonPid,
    startedAt,
    exitCode: 0,
    oomKilled: false,
    started: true,
    ordered: null,
    ...connected,
  });
  rewriteLinkedHosts(deps, c.id);
  watchHealth(deps, c, { fresh: true });
  publish(deps, c, "start");
}

/** Has the runtime build the container, up to the point where its process waits for the start. */
async function buildTask(
  deps: ContainerDeps,
  c: ContainerRecord,
  parts: SpecParts & { network: NetworkJoin },
  saved: string | undefined,
): Promise<CreatedTask> {
  using _ = { [Symbol.dispose]: parts.network.furnish };
  if (parts.userns) letThrough(deps, c.id, parts.userns.ids);
  const spec = await composeSpec(deps, c, parts);
  const [logPath, logLimits] = [logPathOf(deps, c), logLimitsOf(deps, c)];
  if (logPath) mkdirSync(dirname(logPath), { recursive: true, mode: 0o710 });
  await beginLog(deps, c);
  return await deps.runtime.create({
    id: c.id,
    spec,
    runtime: c.spec.hostConfig.Runtime ?? "",
    tty: c.spec.config.Tty ?? false,
    openStdin: c.spec.config.OpenStdin ?? false,
    stdinOnce: c.spec.config.StdinOnce ?? false,
    logPath,
    ...(logLimits && { logLimits }),
    ...(saved !== undefined && { restoreFrom: saved }),
    onBegun: parts.network.furnish,
  });
}

function refuseStart(c: ContainerRecord): void {
  switch (c.state.phase) {
    case "paused":
      throw conflict("cannot start a paused container, try unpause instead");
    case "running":
    case "restarting":
      throw notModified("container is already running");
    case "removing":
    case "dead":
      throw conflict("container is marked for removal and cannot be started");
  }
}

/** Clients that came before the start see the output from its first byte. */
async function connectPendingClients(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  const { pendingClients } = deps.live.of(c.id);
  for (const client of pendingClients) {
    client.connect(await deps.runtime.attach(c.id));
    pendingClients.delete(client);
  }
}

/** Back to where the container was before, with the reason. */
export function recordFailure(deps: ContainerDeps, c: ContainerRecord, error: unknown): void {
  setState(deps, c, {
    phase: c.state.startedAt === ZERO_TIME ? "created" : "exited",
    pid: 0,
    conmonPid: 0,
    error: errorMessage(error),
    exitCode: failureCode(c, error),
  });
  const live = deps.live.of(c.id);
  live.dismissPendingClients();
  // The reason is already the start request's answer: sent here too, clients would show it twice.
  live.announceExit({ StatusCode: c.state.exitCode });
}

/** 127: no such program · 126: not executable · anything else: 128, unless the last run has left an exit code. */
function failureCode({ state }: ContainerRecord, error: unknown): number {
  return error instanceof RuntimeError ? error.exitCode : state.exitCode || 128;
}

/** As Promise.all, but on failure waits for the others to settle first: what they still make could not be undone. */
async function allOf<T extends readonly Promise<unknown>[]>(
  work: [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
