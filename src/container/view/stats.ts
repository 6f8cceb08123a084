import type { ContainerCPUStats, ContainerStatsResponse } from "../../api/types/container.ts";
import { errorKind, isNotFound } from "../../lib/errors.ts";
import { pause } from "../../lib/pause.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { type ContainerRecord, ZERO_TIME } from "../record.ts";
import { containerById } from "../table.ts";

/** The query of `GET /containers/<id>/stats`. */
export interface StatsOptions {
  /** A sample every second, until the container is removed or the reader leaves; default true. */
  stream?: boolean;
  /**
   * Without a stream: a single sample at once, instead of two a second apart of which the second tells the difference.
   */
  oneShot?: boolean;
  /** The reader is gone. */
  signal?: AbortSignal;
}

/** Milliseconds between samples. */
const interval = 1000;

/** What a container uses, each sample with the one before. Throws not-found at once, before the first value. */
export async function containerStats(
  deps: ContainerDeps,
  ref: string,
  { stream = true, oneShot = false, signal }: StatsOptions,
): Promise<AsyncIterable<ContainerStatsResponse>> {
  const c = findContainer(deps, ref);
  return stream ? samples(deps, c.id, signal) : single(deps, c, oneShot, signal);
}

async function* single(
  deps: ContainerDeps,
  c: ContainerRecord,
  oneShot: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<ContainerStatsResponse> {
  const first = sample(deps, c);
  if (oneShot || first.read === ZERO_TIME) {
    yield first;
    return;
  }
  if (!(await pause(interval, signal))) return;
  yield after(first, sample(deps, containerById(deps.store, c.id) ?? c));
}

async function* samples(
  deps: ContainerDeps,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ContainerStatsResponse> {
  let last: ContainerStatsResponse | null = null;
  for (let c = containerById(deps.store, id); c; c = containerById(deps.store, id)) {
    const now = sample(deps, c);
    yield last ? after(last, now) : after({}, now);
    last = now;
    if (!(await pause(interval, signal))) return;
  }
}

const noCpu: ContainerCPUStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

function after(last: ContainerStatsResponse, now: ContainerStatsResponse): ContainerStatsResponse {
  return { ...now, preread: last.read ?? ZERO_TIME, precpu_stats: last.cpu_stats ?? noCpu };
}

/** What a container that does not run uses: the fields are there all the same. */
const nothing: Omit<ContainerStatsResponse, "id" | "name"> = {
  read: ZERO_TIME,
  preread: ZERO_TIME,
  pids_stats: {},
  blkio_stats: {
    io_service_bytes_recursive: null,
    io_serviced_recursive: null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  },
  num_procs: 0,
  storage_stats: {},
  cpu_stats: noCpu,
  precpu_stats: noCpu,
  memory_stats: {},
};

function sample(deps: ContainerDeps, c: ContainerRecord): ContainerStatsResponse {
  const identity = { id: c.id, name: `/${c.name}`, os_type: "linux" };
  if (c.state.phase !== "running" && c.state.phase !== "paused") return { ...identity, ...nothing };
  try {
    return {
      ...identity,
      ...deps.runtime.stats(c.id, {
        network: c.spec.hostConfig.NetworkMode !== "host" && !c.spec.config.NetworkDisabled,
      }),
      preread: ZERO_TIME,
      precpu_stats: noCpu,
    };
  } catch (error) {
    // Just ending.
    if (isNotFound(error) || errorKind(error) === "conflict") return { ...identity, ...nothing };
    throw error;
  }
}
