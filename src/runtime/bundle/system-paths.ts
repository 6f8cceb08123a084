import type { HostConfig } from "../../api/types/container.ts";
import type { HostFacts } from "./types.ts";

/** Paths that a container cannot read: they tell of the host or reach into it. */
export const defaultMaskedPaths = ({ thermalPaths }: Pick<HostFacts, "thermalPaths">): string[] => [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
  ...thermalPaths,
];

/** Paths that it can read but not write. */
export const defaultReadonlyPaths = (): string[] => [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** What the container asked for, or the defaults; a privileged one has none by default. */
export function systemPaths(
  hostConfig: HostConfig,
  facts: HostFacts,
  unmasked: boolean,
): { maskedPaths: string[]; readonlyPaths: string[] } {
  const open = Boolean(hostConfig.Privileged) || unmasked;
  return {
    maskedPaths: hostConfig.MaskedPaths ?? (open ? [] : defaultMaskedPaths(facts)),
    readonlyPaths: hostConfig.ReadonlyPaths ?? (open ? [] : defaultReadonlyPaths()),
  };
}
