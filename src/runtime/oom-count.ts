import { cgroupPath, oomKills, oomKillsFile } from "../linux/cgroup-tree.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";
import type { TaskRecord } from "./task-record.ts";

/**
 * Has it told when a container's memory runs out: by the kernel's count for its cgroup, or by what its monitor sees.
 */
export function watchOoms(deps: RuntimeDeps, id: string, { cgroupsPath }: TaskRecord): void {
  const path = cgroupPath(deps.cgroupDriver, cgroupsPath);
  const count =
    cgroupsPath === ""
      ? { file: null, read: () => 0 }
      : { file: oomKillsFile(deps.cgroups, path), read: () => oomKills(deps.cgroups, path) };
  deps.ooms.add(id, taskDir(deps, id), count);
}
