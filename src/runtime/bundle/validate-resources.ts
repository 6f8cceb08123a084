import type { Resources } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import { parseCpuList } from "./cpu-list.ts";
import { validateUlimits } from "./rlimits.ts";
import type { HostFacts } from "./types.ts";

/** What a container needs to come up at all. */
const MIN_MEMORY = 6 << 20;

/**
 * Holds limits against what this machine can do: throws `invalid` with Docker's texts for what is wrong, returns its
 * warnings for what cannot be honoured here, and takes that out of `resources` in place.
 */
export function validateResources(resources: Resources, facts: HostFacts, update: boolean): string[] {
  return [
    ...validateMemory(resources, facts, update),
    ...validatePids(resources, facts),
    ...validateCpu(resources, facts),
    ...validateCpuset(resources, facts),
    ...validateBlockIo(resources, facts),
  ];
}

function validateMemory(r: Resources, facts: HostFacts, update: boolean): string[] {
  const warnings: string[] = [];
  // -1 is how old clients say "unset".
  if (r.MemorySwappiness === -1) r.MemorySwappiness = null;
  if (r.Memory && r.Memory < MIN_MEMORY) throw invalid("Minimum memory limit allowed is 6MB");
  if (over(r.Memory) && !facts.memoryLimit) {
    warnings.push(
      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
    );
    r.Memory = 0;
    r.MemorySwap = -1;
  }
  if (over(r.Memory) && r.MemorySwap !== -1 && !facts.swapLimit) {
    warnings.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
    r.MemorySwap = -1;
  }
  if (over(r.Memory) && over(r.MemorySwap) && r.MemorySwap < r.Memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (!r.Memory && over(r.MemorySwap) && !update) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (isSet(r.MemorySwappiness) && !facts.memorySwappiness) {
    warnings.push(
      "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory " +
        "swappiness discarded.",
    );
    r.MemorySwappiness = null;
  }
  if (isSet(r.MemorySwappiness) && (r.MemorySwappiness < 0 || r.MemorySwappiness > 100)) {
    throw invalid(`Invalid value: ${r.MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (over(r.MemoryReservation) && !facts.memoryReservation) {
    warnings.push(
      "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.",
    );
    r.MemoryReservation = 0;
  }
  if (over(r.MemoryReservation) && r.MemoryReservation < MIN_MEMORY)
    throw invalid("Minimum memory reservation allowed is 6MB");
  if (over(r.Memory) && over(r.MemoryReservation) && r.Memory < r.MemoryReservation) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  if (isSet(r.OomKillDisable) && !facts.oomKillDisable) {
    if (r.OomKillDisable) warnings.push("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    r.OomKillDisable = null;
  }
  if (r.OomKillDisable && !r.Memory) {
    warnings.push(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system " +
        "running out of resources.",
    );
  }
  return warnings;
}

function validatePids(r: Resources, facts: HostFacts): string[] {
  if (!isSet(r.PidsLimit) || facts.pidsLimit) return [];
  const asked = r.PidsLimit > 0;
  r.PidsLimit = null;
  return asked
    ? ["Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded."]
    : [];
}

function validateCpu(r: Resources, facts: HostFacts): string[] {
  const warnings: string[] = [];
  if (over(r.NanoCpus) && over(r.CpuPeriod))
    throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (over(r.NanoCpus) && over(r.CpuQuota))
    throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (over(r.NanoCpus) && !facts.cpuCfs) {
    throw invalid(
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
    );
  }
  if (r.NanoCpus && (r.NanoCpus < 0 || r.NanoCpus > facts.cpus * 1e9)) {
    throw invalid(`range of CPUs is from 0.01 to ${facts.cpus}.00, as there are only ${facts.cpus} CPUs available`);
  }
  if ((r.CpuShares ?? 0) < 0) throw invalid(`invalid CPU shares (${r.CpuShares}): value must be a positive integer`);
  if (over(r.CpuShares) && !facts.cpuShares) {
    warnings.push("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
    r.CpuShares = 0;
  }
  if ((r.CpuPeriod || r.CpuQuota) && !facts.cpuCfs) {
    warnings.push("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
    r.CpuPeriod = 0;
    r.CpuQuota = 0;
  }
  if (r.CpuPeriod && (r.CpuPeriod < 1000 || r.CpuPeriod > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (over(r.CpuQuota) && r.CpuQuota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (over(r.CpuPercent)) {
    warnings.push("linux does not support CPU percent. Percent discarded.");
    r.CpuPercent = 0;
  }
  if ((r.CpuRealtimePeriod || r.CpuRealtimeRuntime) && !facts.cpuRealtime)
    throw invalid("kernel does not support CPU real-time scheduler");
  if (r.CpuRealtimePeriod && r.CpuRealtimeRuntime && r.CpuRealtimeRuntime > r.CpuRealtimePeriod) {
    throw invalid("cpu real-time runtime cannot be higher than cpu real-time period");
  }
  return warnings;
}

function validateCpuset(r: Resources, facts: HostFacts): string[] {
  if (!r.CpusetCpus && !r.CpusetMems) return [];
  if (!facts.cpuset) {
    r.CpusetCpus = "";
    r.CpusetMems = "";
    return ["Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded."];
  }
  requireSubset(r.CpusetCpus ?? "", facts.cpusetCpus, "cpuset cpus", "CPUs");
  requireSubset(r.CpusetMems ?? "", facts.cpusetMems, "cpuset mems", "memory nodes");
  return [];
}

function requireSubset(requested: string, available: string, setting: string, what: string): void {
  const wanted = parseCpuList(requested);
  if (wanted === null) throw invalid(`Invalid value ${requested} for ${setting}: invalid format: ${requested}`);
  const offered = parseCpuList(available);
  if (offered !== null && [...wanted].some((number) => !offered.has(number))) {
    throw invalid(`Requested ${what} are not available - requested ${requested}, available: ${available}`);
  }
}

function validateBlockIo(r: Resources, facts: HostFacts): string[] {
  const warnings: string[] = [];
  if (over(r.BlkioWeight) && !facts.blkioWeight) {
    warnings.push("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
    r.BlkioWeight = 0;
  }
  if (over(r.BlkioWeight) && (r.BlkioWeight < 10 || r.BlkioWeight > 1000))
    throw invalid("Range of blkio weight is from 10 to 1000");
  if (r.IOMaximumBandwidth)
    throw invalid("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps");
  if (r.IOMaximumIOps)
    throw invalid("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps");
  if (r.BlkioWeightDevice?.length && !facts.blkioWeightDevice) {
    warnings.push(
      "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.",
    );
    r.BlkioWeightDevice = [];
  }
  const throttles = [
    ["BlkioDeviceReadBps", "BPS Block I/O read limit", "Block I/O BPS read limit"],
    ["BlkioDeviceWriteBps", "BPS Block I/O write limit", "Block I/O BPS write limit"],
    ["BlkioDeviceReadIOps", "IOPS Block read limit", "Block I/O IOPS read limit"],
    ["BlkioDeviceWriteIOps", "IOPS Block write limit", "Block I/O IOPS write limit"],
  ] as const;
  for (const [field, feature, discarded] of throttles) {
    if (!r[field]?.length || facts.blkioThrottle) continue;
    warnings.push(`Your kernel does not support ${feature} or the cgroup is not mounted. ${discarded} discarded.`);
    r[field] = [];
  }
  validateUlimits(r.Ulimits ?? []);
  return warnings;
}

/** A limit is asked for: set and above zero. */
function over(value: number | null | undefined): value is number {
  return isSet(value) && value > 0;
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
