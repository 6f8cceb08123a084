import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Who makes the cgroups of containers: the runtime by writing to cgroupfs, or systemd on the runtime's behalf. */
export type CgroupDriver = "cgroupfs" | "systemd";

/** How this machine has its cgroups mounted. */
export interface CgroupLayout {
  /** 2: one unified hierarchy carries everything. 1: a hierarchy for each controller. */
  version: 1 | 2;
  /** Mount point of the unified hierarchy; on version 1 there may be one beside the others (hybrid), or none. */
  unified: string | null;
  /** Controllers of the unified hierarchy. Not empty on version 1 means a hybrid that crun refuses. */
  unifiedControllers: string[];
  /** Version 1: mount point by controller, also `name=systemd` and the like. */
  hierarchies: Record<string, string>;
}

/** Reads the mount table and tells which cgroup version this machine uses, and where it is mounted. */
export function detectCgroups(mounts = readFileSync("/proc/self/mountinfo", "utf8")): CgroupLayout {
  const layout: CgroupLayout = { version: 1, unified: null, unifiedControllers: [], hierarchies: {} };
  for (const line of mounts.split("\n")) {
    const [before, after] = line.split(" - ");
    const fields = before?.split(" ") ?? [];
    const [type, , superOptions] = after?.split(" ") ?? [];
    const target = fields[4];
    if (target === undefined || superOptions === undefined) continue;
    if (type === "cgroup2") {
      layout.unified = target;
      if (target === "/sys/fs/cgroup") layout.version = 2;
    } else if (type === "cgroup") {
      for (const option of superOptions.split(",")) {
        if (!mountWords.has(option)) layout.hierarchies[option] ??= target;
      }
    }
  }
  if (layout.unified !== null && Object.keys(layout.hierarchies).length === 0) layout.version = 2;
  if (layout.unified !== null) {
    const path = join(layout.unified, "cgroup.controllers");
    if (existsSync(path)) layout.unifiedControllers = readFileSync(path, "utf8").trim().split(/\s+/).filter(Boolean);
  }
  return layout;
}

const mountWords = new Set([
  "rw",
  "ro",
  "xattr",
  "noprefix",
  "clone_children",
  "release_agent",
  "nsdelegate",
  "memory_recursiveprot",
  "favordynmods",
]);

/** Whether a controller is there at all, in version 1 or 2. */
export function hasController(layout: CgroupLayout, controller: string): boolean {
  return layout.unifiedControllers.includes(controller) || controller in layout.hierarchies;
}

/** crun 1.8 refuses a version 1 layout whose unified hierarchy still holds controllers; runc copes. */
export function isHybridForCrun(layout: CgroupLayout): boolean {
  return layout.version === 1 && layout.unifiedControllers.length > 0;
}
