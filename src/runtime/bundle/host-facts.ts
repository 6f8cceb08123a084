import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { join } from "node:path";
import type { CgroupLayout } from "../../linux/cgroup.ts";
import { hardLimits } from "../../linux/rlimit.ts";
import { apparmorEnabled, canLoadApparmor } from "./apparmor.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import type { HostFacts } from "./types.ts";

/**
 * Reads what this machine and the daemon's own privileges allow. That is a few dozen small files, read once per daemon;
 * what the daemon itself may change later is read anew each time.
 */
export function readHostFacts(cgroups: CgroupLayout): HostFacts {
  const capabilities = capabilitiesOfMask(
    /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0",
  );
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  return {
    cgroupVersion: cgroups.version,
    capabilities,
    kernel: [major, minor],
    arch:
      { x64: "amd64", arm64: "arm64", s390x: "s390x", riscv64: "riscv64", loong64: "loong64" }[String(process.arch)] ??
      process.arch,
    seccomp: existsSync("/proc/sys/kernel/seccomp/actions_avail"),
    apparmor: apparmorEnabled() && canLoadApparmor(),
    cgroupNamespaces: existsSync("/proc/self/ns/cgroup"),
    get blkioWeight() {
      return weighsBlockIo(cgroups, "weight");
    },
    get blkioWeightDevice() {
      return weighsBlockIo(cgroups, "weight_device");
    },
    get ipv4Forwarding() {
      return readText("/proc/sys/net/ipv4/ip_forward") !== "0";
    },
    rlimits: capabilities.includes("CAP_SYS_RESOURCE") ? {} : hardLimits(),
    cpus: availableParallelism(),
    ...(cgroups.version === 2 ? unifiedFacts(cgroups) : legacyFacts(cgroups)),
    thermalPaths: thermalPaths(),
    pingGroupRange: existsSync("/proc/sys/net/ipv4/ping_group_range"),
    unprivilegedPorts: existsSync("/proc/sys/net/ipv4/ip_unprivileged_port_start"),
  };
}

type CgroupFacts = Pick<
  HostFacts,
  | "memoryLimit"
  | "swapLimit"
  | "memoryReservation"
  | "memorySwappiness"
  | "oomKillDisable"
  | "cpuShares"
  | "cpuCfs"
  | "cpuRealtime"
  | "cpuset"
  | "cpusetCpus"
  | "cpusetMems"
  | "pidsLimit"
  | "blkioThrottle"
  | "cgroupDevices"
>;

function legacyFacts({ hierarchies }: CgroupLayout): CgroupFacts {
  const has = (controller: string, file: string) => {
    const mount = hierarchies[controller];
    return mount !== undefined && existsSync(join(mount, file));
  };
  const cpuset = hierarchies["cpuset"];
  return {
    memoryLimit: "memory" in hierarchies,
    swapLimit: has("memory", "memory.memsw.limit_in_bytes"),
    memoryReservation: has("memory", "memory.soft_limit_in_bytes"),
    memorySwappiness: has("memory", "memory.swappiness"),
    oomKillDisable: has("memory", "memory.oom_control"),
    cpuShares: has("cpu", "cpu.shares"),
    cpuCfs: has("cpu", "cpu.cfs_quota_us"),
    cpuRealtime: has("cpu", "cpu.rt_period_us"),
    cpuset: cpuset !== undefined,
    cpusetCpus: cpuset === undefined ? "" : readText(join(cpuset, "cpuset.cpus")),
    cpusetMems: cpuset === undefined ? "" : readText(join(cpuset, "cpuset.mems")),
    pidsLimit: "pids" in hierarchies,
    blkioThrottle: has("blkio", "blkio.throttle.read_bps_device"),
    cgroupDevices: "devices" in hierarchies,
  };
}

/** Limit files of version 2 exist below the root only: any other cgroup shows which there are. */
function unifiedFacts({ unified, unifiedControllers }: CgroupLayout): CgroupFacts {
  const root = unified ?? "/sys/fs/cgroup";
  const children = childrenOf(root);
  const has = (file: string) => children.some((child) => existsSync(join(child, file)));
  const controls = (name: string) => unifiedControllers.includes(name);
  return {
    memoryLimit: controls("memory"),
    swapLimit: controls("memory") && (children.length === 0 || has("memory.swap.max") || !has("memory.max")),
    memoryReservation: controls("memory"),
    memorySwappiness: false,
    oomKillDisable: false,
    cpuShares: controls("cpu"),
    cpuCfs: controls("cpu"),
    cpuRealtime: false,
    cpuset: controls("cpuset"),
    cpusetCpus: readText(join(root, "cpuset.cpus.effective")),
    cpusetMems: readText(join(root, "cpuset.mems.effective")),
    pidsLimit: controls("pids"),
    blkioThrottle: controls("io"),
    // Through BPF, always there.
    cgroupDevices: true,
  };
}

/**
 * On version 2 the kernel shows this only once the runtime has enabled the controller for a first container. Until then
 * the answer is yes.
 */
function weighsBlockIo(
  { version, hierarchies, unified, unifiedControllers }: CgroupLayout,
  file: "weight" | "weight_device",
): boolean {
  if (version === 1)
    return [`blkio.${file}`, `blkio.bfq.${file}`].some((name) => existsSync(join(hierarchies["blkio"] ?? "", name)));
  const has = (name: string) => childrenOf(unified ?? "/sys/fs/cgroup").some((child) => existsSync(join(child, name)));
  return unifiedControllers.includes("io") && (has("io.weight") || has("io.bfq.weight") || !has("io.max"));
}

function childrenOf(cgroup: string): string[] {
  return readdirSync(cgroup, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(cgroup, entry.name));
}

function thermalPaths(): string[] {
  const base = "/sys/devices/system/cpu";
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(base, name, "thermal_throttle"))
    .filter((path) => existsSync(path));
}

/** A small file's text without its newline; empty where it cannot be read. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
