import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage, hasCode } from "../lib/errors.ts";
import { cgroupDirs } from "../linux/cgroup-tree.ts";
import type { RuntimeDeps } from "./deps.ts";

/**
 * Moves a monitor out of the daemon's own cgroup, so that neither a service manager that stops the daemon
 * nor the daemon's memory limit reaches it. Hierarchies in which the daemon sits at the root need nothing.
 * Goes on in the background: the kernel may take ten milliseconds, during which the file cannot be written otherwise.
 */
export function enterMonitorCgroup(deps: RuntimeDeps, pid: number): void {
  for (const dir of monitorCgroups(deps)) {
    moveTo(dir, pid).catch((error: unknown) => {
      if (hasCode(error, "ESRCH")) return;
      deps.log.warn("cannot move a monitor out of the daemon's cgroup", {
        pid,
        cgroup: dir,
        error: errorMessage(error),
      });
    });
  }
}

async function moveTo(dir: string, pid: number): Promise<void> {
  try {
    await writeFile(join(dir, "cgroup.procs"), String(pid));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    makeCgroup(dir);
    await writeFile(join(dir, "cgroup.procs"), String(pid));
  }
}

/**
 * Removes this daemon's own cgroups where nothing lives in them any more: that of the monitors and the default parent
 * of containers. For the end of a daemon; what is in use stays.
 */
export function releaseCgroups(deps: RuntimeDeps): void {
  for (const dir of [...monitorCgroups(deps), ...cgroupDirs(deps.cgroups, `/berth-${deps.instance}`)]) {
    try {
      rmdirSync(dir);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "EBUSY", "ENOTEMPTY"))
        deps.log.warn("cannot remove a cgroup", { cgroup: dir, error: errorMessage(error) });
    }
  }
}

/** The directories that a monitor of this daemon belongs in, from the daemon's own place in each hierarchy. */
function monitorCgroups(deps: RuntimeDeps): string[] {
  const dirs: string[] = [];
  const name = `berth-${deps.instance}-monitors`;
  for (const line of readFileSync("/proc/self/cgroup", "utf8").trim().split("\n")) {
    const [hierarchy, controllers = "", path = "/"] = line.split(":");
    if (path === "/") continue;
    if (hierarchy === "0") {
      if (deps.cgroups.unified !== null) dirs.push(join(deps.cgroups.unified, name));
      continue;
    }
    const mounted = controllers
      .split(",")
      .map((controller) => deps.cgroups.hierarchies[controller])
      .find((dir) => dir !== undefined);
    if (mounted !== undefined) dirs.push(join(mounted, name));
  }
  return dirs;
}

function makeCgroup(dir: string): void {
  mkdirSync(dir, { recursive: true });
  // On version 1 a new cpuset takes nobody before it is told its processors and memory nodes.
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const parent = join(dir, "..", file);
    if (existsSync(join(dir, file)) && existsSync(parent) && readFileSync(join(dir, file), "utf8").trim() === "") {
      writeFileSync(join(dir, file), readFileSync(parent, "utf8").trim());
    }
  }
}
