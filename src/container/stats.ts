import type { ContainerCPUStats, ContainerStatsResponse } from "../api/types/container.ts";
import { errorKind, isNotFound } from "../lib/errors.ts";
import { pause } from "../lib/pause.ts";
import { taskStats } from "../runtime/stats.ts";
import type { ContainerContext } from "./context.ts";
import { findContainer } from "./lookup.ts";
import { ZERO_TIME, type ContainerRecord } from "./record.ts";
import { containerById } from "./table.ts";

export interface StatsOptions {
  /** A sample every second, until the container is removed or the reader leaves; default true. */
  stream?: boolean;
  /** Without a stream: a single sample at once, instead of two a second apart of which the second tells the difference. */
  oneShot?: boolean;
  /** The reader is gone. */
  signal?: AbortSignal;
}

/** Milliseconds between samples. */
const interval = 1000;

/** What a container uses, each sample with the one before. Throws not-found at once, before the first value. */
export async function containerStats(ctx: ContainerContext, ref: string, { stream = true, oneShot = false, signal }: StatsOptions): Promise<AsyncIterable<ContainerStatsResponse>> {
  const c = findContainer(ctx, ref);
  return stream ? samples(ctx, c.id, signal) : single(ctx, c, oneShot, signal);
}

async function* single(ctx: ContainerContext, c: ContainerRecord, oneShot: boolean, signal: AbortSignal | undefined): AsyncGenerator<ContainerStatsResponse> {
  const first = sample(ctx, c);
  if (oneShot || !first.read) {
    yield first;
    return;
  }
  if (!(await pause(interval, signal))) return;
  yield after(first, sample(ctx, containerById(ctx.store, c.id) ?? c));
}

async function* samples(ctx: ContainerContext, id: string, signal: AbortSignal | undefined): AsyncGenerator<ContainerStatsResponse> {
  let last: ContainerStatsResponse | null = null;
  for (let c = containerById(ctx.store, id); c; c = containerById(ctx.store, id)) {
    const now = sample(ctx, c);
    yield last ? after(last, now) : after({}, now);
    last = now;
    if (!(await pause(interval, signal))) return;
  }
}

const noCpu: ContainerCPUStats = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 }, throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 } };

function after(last: ContainerStatsResponse, now: ContainerStatsResponse): ContainerStatsResponse {
  return { ...now, preread: last.read ?? ZERO_TIME, precpu_stats: last.cpu_stats ?? noCpu };
}

/** A container that does not run has but an id and a name. */
function sample(ctx: ContainerContext, c: ContainerRecord): ContainerStatsResponse {
  const identity = { id: c.id, name: `/${c.name}`, os_type: "linux" };
  if (c.state.phase !== "running" && c.state.phase !== "paused") return identity;
  try {
    return { ...identity, ...taskStats(ctx.runtime, c.id, { network: c.spec.hostConfig.NetworkMode !== "host" && !c.spec.config.NetworkDisabled }), preread: ZERO_TIME, precpu_stats: noCpu };
  } catch (error) {
    // Just ending.
    if (isNotFound(error) || errorKind(error) === "conflict") return identity;
    throw error;
  }
}
