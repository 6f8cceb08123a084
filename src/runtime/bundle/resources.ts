import type { Resources } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import type { OciResources } from "../../oci/runtime.ts";
import type { BlockLimits } from "./types.ts";

const CFS_PERIOD = 100_000;

/**
 * The limits of a container in the runtime specification's terms, which the runtime writes to cgroup v1 or v2.
 * What is unset stays out, so the result also serves as an update.
 */
export function buildResources(resources: Resources, blockLimits: BlockLimits): OciResources {
  const memory = memoryLimits(resources);
  const cpu = cpuLimits(resources);
  const blockIO = blockLimitsOf(resources, blockLimits);
  const pids = resources.PidsLimit;
  return {
    ...(memory && { memory }),
    ...(cpu && { cpu }),
    ...(blockIO && { blockIO }),
    // Zero and below mean no limit; the runtime needs -1 to take an earlier one away.
    ...(pids !== null && pids !== undefined && { pids: { limit: pids <= 0 ? -1 : pids } }),
  };
}

function memoryLimits(resources: Resources): OciResources["memory"] {
  const { Memory, MemoryReservation, MemorySwap, MemorySwappiness, OomKillDisable } = resources;
  return unlessEmpty({
    ...(Memory && Memory > 0 && { limit: Memory }),
    ...(MemoryReservation && MemoryReservation > 0 && { reservation: MemoryReservation }),
    // -1 takes an earlier limit away.
    ...(MemorySwap && (MemorySwap > 0 || MemorySwap === -1) && { swap: MemorySwap }),
    ...(isSet(MemorySwappiness) && MemorySwappiness >= 0 && { swappiness: MemorySwappiness }),
    ...(OomKillDisable && { disableOOMKiller: true }),
  });
}

function cpuLimits(resources: Resources): OciResources["cpu"] {
  const { CpuShares, CpusetCpus, CpusetMems, NanoCpus, CpuPeriod, CpuQuota, CpuRealtimePeriod, CpuRealtimeRuntime } =
    resources;
  if (CpuShares && CpuShares < 0) throw invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  return unlessEmpty({
    ...(CpuShares && { shares: CpuShares }),
    ...(CpusetCpus && { cpus: CpusetCpus }),
    ...(CpusetMems && { mems: CpusetMems }),
    ...(NanoCpus && NanoCpus > 0 && { period: CFS_PERIOD, quota: Math.trunc((NanoCpus * CFS_PERIOD) / 1e9) }),
    ...(CpuPeriod && { period: CpuPeriod }),
    ...(CpuQuota && { quota: CpuQuota }),
    ...(CpuRealtimePeriod && { realtimePeriod: CpuRealtimePeriod }),
    ...(CpuRealtimeRuntime && { realtimeRuntime: CpuRealtimeRuntime }),
  });
}

function blockLimitsOf(resources: Resources, limits: BlockLimits): OciResources["blockIO"] {
  return unlessEmpty({
    ...(resources.BlkioWeight && { weight: resources.BlkioWeight }),
    ...(limits.weightDevice.length > 0 && { weightDevice: limits.weightDevice }),
    ...(limits.readBps.length > 0 && { throttleReadBpsDevice: limits.readBps }),
    ...(limits.writeBps.length > 0 && { throttleWriteBpsDevice: limits.writeBps }),
    ...(limits.readIops.length > 0 && { throttleReadIOPSDevice: limits.readIops }),
    ...(limits.writeIops.length > 0 && { throttleWriteIOPSDevice: limits.writeIops }),
  });
}

function unlessEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
