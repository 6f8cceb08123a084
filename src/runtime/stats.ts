import type { ContainerBlkioStatEntry, ContainerStatsResponse } from "../api/types/container.ts";
import { type IoCount, readCgroupUsage } from "../linux/cgroup-stats.ts";
import { cgroupPath } from "../linux/cgroup-tree.ts";
import { timeNow } from "../linux/clock.ts";
import { readInterfaces, readSystemCpu, readTotalMemory } from "../linux/machine-stats.ts";
import type { RuntimeDeps } from "./deps.ts";
import { readTaskRecord } from "./task-record.ts";

/** The parts of a stats answer that the kernel knows; ids, names and the previous reading are the caller's to add. */
export type TaskStats = Required<
  Pick<
    ContainerStatsResponse,
    "read" | "cpu_stats" | "memory_stats" | "pids_stats" | "blkio_stats" | "num_procs" | "storage_stats"
  >
> &
  Pick<ContainerStatsResponse, "networks">;

/**
 * What a running container uses at this moment, in Docker's wire shape. `network`: with the counters of its
 * interfaces (not for a container in the host's network). Throws `not-found` where there is no such task.
 */
export function taskStats(deps: RuntimeDeps, id: string, options: { network: boolean }): TaskStats {
  const { cgroupsPath, pid } = readTaskRecord(deps, id);
  const usage = readCgroupUsage(deps.cgroups, cgroupPath(deps.cgroupDriver, cgroupsPath));
  const system = readSystemCpu();
  const legacy = deps.cgroups.version === 1;
  const memory = readTotalMemory();
  return {
    read: timeNow(),
    cpu_stats: {
      cpu_usage: {
        total_usage: usage.cpu.total,
        ...(usage.cpu.perCpu && { percpu_usage: usage.cpu.perCpu }),
        usage_in_kernelmode: usage.cpu.kernel,
        usage_in_usermode: usage.cpu.user,
      },
      system_cpu_usage: system.usage,
      online_cpus: system.online,
      throttling_data: {
        periods: usage.cpu.throttling.periods,
        throttled_periods: usage.cpu.throttling.throttledPeriods,
        throttled_time: usage.cpu.throttling.throttledTime,
      },
    },
    memory_stats: {
      usage: usage.memory.usage,
      ...(usage.memory.maxUsage !== undefined && { max_usage: usage.memory.maxUsage }),
      stats: usage.memory.stat,
      ...(usage.memory.failures > 0 && { failcnt: usage.memory.failures }),
      limit: Math.min(usage.memory.limit ?? memory, memory),
    },
    pids_stats: { current: usage.pids.current, ...(usage.pids.limit !== null && { limit: usage.pids.limit }) },
    blkio_stats: {
      io_service_bytes_recursive: usage.io.bytes.map(toEntry),
      io_serviced_recursive: legacy ? usage.io.operations.map(toEntry) : null,
      io_queue_recursive: legacy ? [] : null,
      io_service_time_recursive: legacy ? [] : null,
      io_wait_time_recursive: legacy ? [] : null,
      io_merged_recursive: legacy ? [] : null,
      io_time_recursive: legacy ? [] : null,
      sectors_recursive: legacy ? [] : null,
    },
    num_procs: 0,
    storage_stats: {},
    ...(options.network && pid !== undefined && { networks: networkStats(pid) }),
  };
}

function toEntry({ major, minor, op, value }: IoCount): ContainerBlkioStatEntry {
  return { major, minor, op, value };
}

function networkStats(pid: number): NonNullable<ContainerStatsResponse["networks"]> {
  return Object.fromEntries(
    Object.entries(readInterfaces(pid)).map(([name, counts]) => [
      name,
      {
        rx_bytes: counts.rxBytes,
        rx_packets: counts.rxPackets,
        rx_errors: counts.rxErrors,
        rx_dropped: counts.rxDropped,
        tx_bytes: counts.txBytes,
        tx_packets: counts.txPackets,
        tx_errors: counts.txErrors,
        tx_dropped: counts.txDropped,
      },
    ]),
  );
}
