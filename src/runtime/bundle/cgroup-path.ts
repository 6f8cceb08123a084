import { join } from "node:path/posix";
import type { CgroupDriver } from "../../linux/cgroup.ts";

/** What the place of a container's cgroup is made of. */
export interface CgroupPlace {
  id: string;
  driver: CgroupDriver;
  /** `HostConfig.CgroupParent`, or the daemon's; empty: the default. */
  parent: string;
  instance: string;
}

/** The runtime specification's `cgroupsPath`: a path, or systemd's `slice:prefix:name`. */
export function cgroupsPath({ id, driver, parent, instance }: CgroupPlace): string {
  if (driver === "systemd") return `${parent || "system.slice"}:berth:${id}`;
  return join("/", parent || `berth-${instance}`, id);
}
