import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { cgroupPath, controllerDir } from "../linux/cgroup-tree.ts";
import type { OciResources } from "../oci/runtime.ts";
import { encodeRuntimeJson } from "../oci/runtime-json.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";
import { isCrun, runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";

/** Changes the limits of a running container; what `resources` leaves out stays as it is. */
export async function updateTask(deps: RuntimeDeps, id: string, resources: OciResources): Promise<void> {
  const { runtime, cgroupsPath } = readTaskRecord(deps, id);
  const { limited, lifted } = isCrun(deps, runtime)
    ? withoutLifted(deps, resources)
    : { limited: resources, lifted: [] };
  if (Object.keys(limited).length > 0) {
    const file = join(taskDir(deps, id), "resources.json");
    writeFileSync(file, encodeRuntimeJson(limited));
    const { exitCode, stderr, stdout } = await runRuntime(deps, runtime, ["update", "--resources", file, id]);
    if (exitCode !== 0) throw internal(`Cannot update container ${id}: ${(stderr || stdout).trim()}`);
  }
  for (const { controller, file, value } of lifted) {
    const dir = controllerDir(deps.cgroups, controller, cgroupPath(deps.cgroupDriver, cgroupsPath));
    if (dir !== null) writeFileSync(join(dir, file), value);
  }
}

interface Lifted {
  controller: string;
  file: string;
  value: string;
}

/** crun 1.8 writes -1 where the kernel wants another word for "no limit": those are written here. */
function withoutLifted(deps: RuntimeDeps, resources: OciResources): { limited: OciResources; lifted: Lifted[] } {
  const limited = { ...resources };
  const lifted: Lifted[] = [];
  if (limited.pids?.limit === -1) {
    lifted.push({ controller: "pids", file: "pids.max", value: "max" });
    delete limited.pids;
  }
  if ((limited.cpu?.quota ?? 0) < 0) {
    const { quota: _, ...cpu } = limited.cpu ?? {};
    lifted.push(
      deps.cgroups.version === 1
        ? { controller: "cpu", file: "cpu.cfs_quota_us", value: "-1" }
        : { controller: "cpu", file: "cpu.max", value: cpu.period ? `max ${cpu.period}` : "max" },
    );
    if (Object.keys(cpu).length > 0) limited.cpu = cpu;
    else delete limited.cpu;
  }
  return { limited, lifted };
}
