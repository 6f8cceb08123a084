import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import type { CgroupDriver, CgroupLayout } from "./cgroup.ts";

/**
 * Where a `linux.cgroupsPath` lies below a hierarchy's mount point. cgroupfs takes a path; systemd takes
 * `slice:prefix:name`, in which `a-b.slice` lies within `a.slice`.
 */
export function cgroupPath(driver: CgroupDriver, cgroupsPath: string): string {
  if (driver === "cgroupfs") return cgroupsPath;
  const [slice = "", prefix = "", name = ""] = cgroupsPath.split(":");
  const unit = prefix === "" ? `${name}.scope` : `${prefix}-${name}.scope`;
  return join("/", expandSlice(slice || "system.slice"), unit);
}

function expandSlice(slice: string): string {
  if (slice === "-.slice") return "";
  const parts = slice.replace(/\.slice$/, "").split("-");
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("-")}.slice`).join("/");
}

/** The directories of one cgroup in all hierarchies (one with version 2), whether they exist or not. */
export function cgroupDirs(layout: CgroupLayout, path: string): string[] {
  const mounts = new Set(layout.version === 2 ? [] : Object.values(layout.hierarchies));
  if (layout.unified !== null) mounts.add(layout.unified);
  return [...mounts].map((mount) => join(mount, path));
}

/** The directory in which a controller's files are: its own hierarchy, or the unified one. */
export function controllerDir(layout: CgroupLayout, controller: string, path: string): string | null {
  const mount = layout.hierarchies[controller] ?? layout.unified;
  return mount === null || mount === undefined ? null : join(mount, path);
}

/** Every process of a cgroup and of those below it; empty where it is gone. */
export function cgroupPids(dir: string): number[] {
  const pids: number[] = [];
  try {
    for (const line of readFileSync(join(dir, "cgroup.procs"), "utf8").split("\n"))
      if (line !== "") pids.push(Number(line));
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.isDirectory()) pids.push(...cgroupPids(join(dir, entry.name)));
    }
  } catch (error) {
    // ENODEV: removed between opening and reading. EOPNOTSUPP: a threaded cgroup lists its threads elsewhere.
    if (!hasCode(error, "ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP")) throw error;
  }
  return pids;
}

/** Removes an empty cgroup and the empty ones below it. False where something still lives there. */
export function removeCgroup(dir: string): boolean {
  if (!existsSync(dir)) return true;
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(join(dir, entry.name));
    }
    rmdirSync(dir);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (hasCode(error, "EBUSY", "ENOTEMPTY")) return false;
    throw error;
  }
}

/** Stops or resumes every process of a cgroup; resolves when the kernel says so. */
export async function setFrozen(layout: CgroupLayout, path: string, frozen: boolean): Promise<void> {
  const v1 = layout.hierarchies["freezer"];
  const dir = join(v1 ?? layout.unified ?? "", path);
  const file = join(dir, v1 === undefined ? "cgroup.freeze" : "freezer.state");
  const value = v1 === undefined ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED";
  for (let attempt = 0; ; attempt++) {
    // A version 1 freezer may stay in FREEZING; writing again nudges it.
    writeFileSync(file, value);
    if (isFrozen(layout, path) === frozen) return;
    if (attempt === 1000) {
      writeFileSync(file, v1 === undefined ? "0" : "THAWED");
      throw new Error(`the cgroup ${dir} does not freeze`);
    }
    await Bun.sleep(attempt < 20 ? 1 : 10);
  }
}

/** Whether a cgroup's processes all stand still. */
export function isFrozen(layout: CgroupLayout, path: string): boolean {
  const v1 = layout.hierarchies["freezer"];
  try {
    if (v1 !== undefined) return readFileSync(join(v1, path, "freezer.state"), "utf8").trim() === "FROZEN";
    if (layout.unified === null) return false;
    return /^frozen 1$/m.test(readFileSync(join(layout.unified, path, "cgroup.events"), "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return false;
    throw error;
  }
}

/** How often the kernel's OOM killer struck in a cgroup; 0 where it is gone or has no memory controller. */
export function oomKills(layout: CgroupLayout, path: string): number {
  const dir = controllerDir(layout, "memory", path);
  if (dir === null) return 0;
  try {
    const text = readFileSync(join(dir, layout.hierarchies["memory"] ? "memory.oom_control" : "memory.events"), "utf8");
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENODEV")) return 0;
    throw error;
  }
}

/** The file that changes with {@link oomKills}; null on version 1, which has none that says so. */
export function oomKillsFile(layout: CgroupLayout, path: string): string | null {
  const dir = controllerDir(layout, "memory", path);
  return dir === null || layout.hierarchies["memory"] ? null : join(dir, "memory.events");
}
