import { detectCgroups, hasController, isHybridForCrun } from "../../linux/cgroup.ts";
import { type Check, verdict } from "./check.ts";

const group = "cgroups";

const uses: Record<string, string> = {
  memory: "memory limits and usage (--memory)",
  cpu: "CPU limits (--cpus, --cpu-shares)",
  cpuset: "pinning to CPUs (--cpuset-cpus)",
  pids: "limits on processes (--pids-limit)",
  devices: "rules on devices",
  freezer: "pause",
  blkio: "limits on disks (--device-read-bps)",
  hugetlb: "limits on huge pages",
};
/** Controllers that version 2 has under another name, or always. */
const unified: Record<string, string | null> = { blkio: "io", devices: null, freezer: null };

/** Which cgroup world this is and which limits it can carry. */
export function checkCgroups(): Check[] {
  const layout = detectCgroups();
  const mounted = layout.unified !== null || Object.keys(layout.hierarchies).length > 0;
  const checks = [
    verdict(
      group,
      "version",
      mounted,
      mounted ? `${layout.version}${layout.version === 1 && layout.unified ? " (hybrid)" : ""}` : "none mounted",
      {
        state: "missing",
        advice: "Mount it: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`.",
      },
    ),
  ];
  if (isHybridForCrun(layout)) {
    const [first = "hugetlb"] = layout.unifiedControllers;
    checks.push({
      group,
      name: "hybrid layout",
      state: "lack",
      found: `${layout.unifiedControllers.join(", ")} in the unified hierarchy`,
      advice:
        "crun refuses this, so the slower runc is used. Mount each of them beside the others: `mkdir -p " +
        `/sys/fs/cgroup/${first} && mount -t cgroup -o ${first} cgroup /sys/fs/cgroup/${first}\`; or boot with ` +
        "systemd.unified_cgroup_hierarchy=1.",
    });
  }
  for (const [controller, use] of Object.entries(uses)) {
    const name = layout.version === 2 ? unified[controller] : controller;
    if (name === null) continue;
    const has = hasController(layout, name ?? controller);
    const how =
      layout.version === 2
        ? `enable it in the parent: \`echo +${name ?? controller} > /sys/fs/cgroup/cgroup.subtree_control\``
        : `mount it: \`mount -t cgroup -o ${controller} cgroup /sys/fs/cgroup/${controller}\``;
    checks.push(
      verdict(group, name ?? controller, has, has ? "yes" : "no", {
        state: "lack",
        advice: `Without it there are no ${use}. If the kernel has it, ${how}.`,
      }),
    );
  }
  return checks;
}
