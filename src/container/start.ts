import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { conflict, errorMessage, notModified } from "../lib/errors.ts";
import { attachTask } from "../runtime/attach.ts";
import { createTask } from "../runtime/create.ts";
import { RuntimeError } from "../runtime/runtime-errors.ts";
import { startTask } from "../runtime/start.ts";
import type { CreatedTask } from "../runtime/types.ts";
import { bootId } from "../linux/boot-id.ts";
import { composeSpec, type SpecParts } from "./compose-spec.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { watchHealth } from "./health.ts";
import { joinNetwork, type NetworkJoin } from "./join-network.ts";
import { rewriteLinkedHosts } from "./links.ts";
import { logLimitsOf, logPathOf } from "./log-options.ts";
import { lockContainer } from "./lookup.ts";
import { prepareMounts, releasePins } from "./mounts/set-up.ts";
import { ZERO_TIME, type ContainerRecord } from "./record.ts";
import { release } from "./release.ts";
import { destroy } from "./remove.ts";
import { openRootfs } from "./rootfs-use.ts";
import { setState } from "./state.ts";

/**
 * Starts a container that does not run.
 *
 * What a start takes: the root filesystem is mounted, the network set up, volumes mounted; of these the specification
 * is made; the runtime builds the container around it; clients that wait are connected, so that they miss nothing;
 * then the process runs. Whatever fails, everything is given back, and the state tells why.
 */
export async function startContainer(ctx: ContainerContext, ref: string): Promise<void> {
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  refuseStart(c);
  ctx.live.of(c.id).cancelRestart();
  Object.assign(c.state, { restartCount: 0, manuallyStopped: false });
  ctx.live.of(c.id).backoff = 0;
  try {
    await launch(ctx, c);
  } catch (error) {
    recordFailure(ctx, c, error);
    if (c.spec.hostConfig.AutoRemove) await destroy(ctx, c, { volumes: true });
    throw error;
  }
}

/** The start itself, also of a restart. The caller holds the lock. On failure nothing is left but the phase. */
export async function launch(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  // A restart shows as one until it runs.
  setState(ctx, c, { phase: c.state.phase === "restarting" ? "restarting" : "starting", error: "", bootId: bootId() });
  await using undo = new AsyncDisposableStack();
  // One undo for all: what a start makes is found by the container's id, however far it came.
  undo.defer(() => release(ctx, c));

  const network = joinNetwork(ctx, c);
  undo.defer(() => network.settle());
  const [rootfs, mounts, netnsPath] = await allOf([openRootfs(ctx, c), prepareMounts(ctx, c), network.netnsPath]);
  // The interfaces are made while the runtime, in processes of its own, builds the container around the namespace.
  // Without a network the building fails too: the network's error is the one to tell, so it comes first.
  const building = buildTask(ctx, c, { rootfs, mounts, netnsPath, network });
  const [settings, task] = await allOf([network.ready, building]);
  await releasePins(ctx, c.id);
  await connectPendingClients(ctx, c);
  const startedAt = new Date().toISOString();
  await startTask(ctx.runtime, c.id);
  undo.move();

  setState(ctx, c, {
    phase: "running", pid: task.pid, conmonPid: task.conmonPid, startedAt, exitCode: 0, oomKilled: false, started: true, network: settings,
  });
  if (ctx.live.linkTargets.has(c.id)) rewriteLinkedHosts(ctx, c.id);
  watchHealth(ctx, c, { fresh: true });
  publish(ctx, c, "start");
}

/** Has the runtime build the container, up to the point where its process waits for the start. */
async function buildTask(ctx: ContainerContext, c: ContainerRecord, parts: SpecParts & { network: NetworkJoin }): Promise<CreatedTask> {
  using _ = { [Symbol.dispose]: parts.network.furnish };
  const spec = await composeSpec(ctx, c, parts);
  const [logPath, logLimits] = [logPathOf(ctx, c), logLimitsOf(c)];
  if (logPath) mkdirSync(dirname(logPath), { recursive: true, mode: 0o710 });
  return await createTask(ctx.runtime, {
    id: c.id,
    spec,
    runtime: c.spec.hostConfig.Runtime ?? "",
    tty: c.spec.config.Tty ?? false,
    openStdin: c.spec.config.OpenStdin ?? false,
    stdinOnce: c.spec.config.StdinOnce ?? false,
    logPath,
    ...(logLimits && { logLimits }),
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
async function connectPendingClients(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  const { pendingClients } = ctx.live.of(c.id);
  for (const client of pendingClients) {
    client.connect(await attachTask(ctx.runtime, c.id));
    pendingClients.delete(client);
  }
}

/** Back to where the container was before, with the reason. */
export function recordFailure(ctx: ContainerContext, c: ContainerRecord, error: unknown): void {
  setState(ctx, c, {
    phase: c.state.startedAt === ZERO_TIME ? "created" : "exited",
    pid: 0, conmonPid: 0,
    error: errorMessage(error),
    exitCode: failureCode(error),
  });
  const live = ctx.live.of(c.id);
  live.dismissPendingClients();
  // The reason is the start's answer; told here too, clients would show it twice.
  live.announceExit({ StatusCode: c.state.exitCode });
}

/** 127: no such program · 126: not to be run · 128: anything else. */
function failureCode(error: unknown): number {
  return error instanceof RuntimeError ? error.exitCode : 128;
}

/** As Promise.all, but on failure waits for the others to settle first: what they still make could not be undone. */
async function allOf<T extends readonly Promise<unknown>[]>(work: [...T]): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
