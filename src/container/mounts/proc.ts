import { statfsSync } from "node:fs";
import { hasCode, invalid } from "../../lib/errors.ts";
import type { MountPointRecord } from "../record.ts";

/** What runc lets be mounted upon below /proc: files that programs such as lxcfs stand in for. */
const replaceable = new Set([
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/meminfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/uptime",
  "/proc/loadavg",
  "/proc/slabinfo",
  "/proc/net/dev",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/sys/crypto/fips_enabled",
]);

/** statfs(2)'s magic number of the proc file system. */
const PROC_SUPER_MAGIC = 0x9fa0;

/**
 * Refuses mounts that would stand in for the kernel's own /proc, by which a container is shielded. runc does so at
 * start, in these words; crun mounts them.
 */
export function refuseOverProc({
  type,
  destination,
  source,
  name,
}: Pick<MountPointRecord, "type" | "destination" | "source" | "name">): void {
  const refuse = (why: string) => {
    throw invalid(
      `error mounting ${JSON.stringify(name ?? (source || type))} to rootfs at ${JSON.stringify(destination)}: ` +
        `${JSON.stringify(destination)} cannot be mounted because it is ${why}`,
    );
  };
  if (destination === "/proc" && !(type === "bind" && isProc(source))) refuse("not of type proc");
  // A tmpfs that hides part of it takes nothing away from anybody.
  if (destination.startsWith("/proc/") && type !== "tmpfs" && !replaceable.has(destination)) refuse("inside /proc");
}

function isProc(path: string): boolean {
  try {
    return statfsSync(path).type === PROC_SUPER_MAGIC;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
