import { existsSync, readFileSync } from "node:fs";
import { machine, release } from "node:os";
import { apparmorEnabled, canLoadApparmor } from "../../runtime/bundle/apparmor.ts";
import { type Check, verdict } from "./check.ts";

const group = "kernel";

/** The kernel's version and what it was built with. */
export function checkKernel(): Check[] {
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  const atLeast = (wanted: number, below: number) => major > wanted || (major === wanted && minor >= below);
  const filesystems = readFileSync("/proc/filesystems", "utf8");
  const namespaces = ["mnt", "pid", "net", "ipc", "uts"].filter((name) => !existsSync(`/proc/self/ns/${name}`));
  return [
    verdict(group, "version", atLeast(5, 10), `${release()} (${machine()})`, {
      state: "lack",
      advice: "Use Linux 5.10 or newer; older ones lack system calls that safe extraction and exec need.",
    }),
    verdict(
      group,
      "namespaces",
      namespaces.length === 0,
      namespaces.length === 0 ? "mnt, pid, net, ipc, uts" : `no ${namespaces.join(", ")}`,
      {
        state: "missing",
        advice: "Use a kernel with CONFIG_NAMESPACES and all of its kinds.",
      },
    ),
    verdict(
      group,
      "cgroup namespaces",
      existsSync("/proc/self/ns/cgroup"),
      existsSync("/proc/self/ns/cgroup") ? "yes" : "no",
      {
        state: "lack",
        advice: "Containers see the host's cgroup paths. Use Linux 4.6 or newer.",
      },
    ),
    verdict(
      group,
      "overlayfs",
      /\boverlay$/m.test(filesystems),
      /\boverlay$/m.test(filesystems) ? "yes" : "not loaded",
      {
        state: "lack",
        advice: "Load it with `modprobe overlay`; without it each container copies its whole image.",
      },
    ),
    verdict(
      group,
      "seccomp",
      existsSync("/proc/sys/kernel/seccomp/actions_avail"),
      existsSync("/proc/sys/kernel/seccomp/actions_avail") ? "yes" : "no",
      {
        state: "lack",
        advice: "System calls of containers are not filtered. Use a kernel with CONFIG_SECCOMP_FILTER.",
      },
    ),
    verdict(group, "apparmor", !apparmorEnabled() || canLoadApparmor(), apparmorEnabled() ? "enabled" : "not enabled", {
      state: "lack",
      advice: "Containers run without its profile. Install its parser (`apt install apparmor`).",
    }),
  ];
}

/** A file's text without the spaces around it; empty if it cannot be read. */
export function text(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
