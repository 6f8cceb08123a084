import { existsSync } from "node:fs";
import { unavailable } from "../lib/errors.ts";
import { own, setOwn } from "../lib/own.ts";
import { type CgroupLayout, isHybridForCrun } from "../linux/cgroup.ts";
import type { RuntimeBinary } from "../runtime/deps.ts";
import type { DaemonConfig } from "./config/config.ts";

const directories = [
  "/usr/local/bin",
  "/usr/local/sbin",
  "/usr/bin",
  "/usr/sbin",
  "/bin",
  "/sbin",
  "/usr/libexec",
  "/usr/lib/podman",
];
const inits = ["tini-static", "docker-init", "tini", "catatonit"];

/**
 * Absolute path of a system program; null where it is not installed. The environment's PATH has no say: it may be
 * anybody's.
 */
export function findProgram(...names: string[]): string | null {
  for (const name of names) {
    if (name.startsWith("/")) return existsSync(name) ? name : null;
    for (const directory of directories) if (existsSync(`${directory}/${name}`)) return `${directory}/${name}`;
  }
  return null;
}

/** What clients of Docker's call its default, by the name of containerd's plugin. */
export const defaultAlias = "io.containerd.runc.v2";

/** The OCI runtimes that containers may ask for, by name, and which one they get when they ask for none. */
export interface ChosenRuntimes {
  runtimes: Record<string, RuntimeBinary>;
  defaultRuntime: string;
  /** What there is to know about the choice. */
  warnings: string[];
}

/** The runtimes that are installed or named by the configuration, and which of them is used where nobody says. */
export function chooseRuntimes(config: DaemonConfig, cgroups: CgroupLayout): ChosenRuntimes {
  const runtimes: Record<string, RuntimeBinary> = {};
  for (const name of ["crun", "runc"]) {
    const path = findProgram(name);
    if (path) runtimes[name] = { path };
  }
  for (const [name, { path, args }] of Object.entries(config.runtimes))
    setOwn(runtimes, name, { path: findProgram(path) ?? path, ...(args && { args }) });
  const warnings: string[] = [];
  let chosen = config.defaultRuntime;
  if (chosen !== null && !own(runtimes, chosen))
    throw unavailable(`specified default runtime '${chosen}' does not exist`);
  if (chosen === null) {
    const hybrid = isHybridForCrun(cgroups);
    chosen = runtimes["crun"] && !hybrid ? "crun" : runtimes["runc"] ? "runc" : (Object.keys(runtimes)[0] ?? null);
    if (hybrid && runtimes["crun"]) {
      warnings.push(
        `WARNING: crun cannot work with this hybrid cgroup layout (${cgroups.unifiedControllers.join(", ")} in ` +
          `the unified hierarchy): using ${chosen}; \`berth doctor\` tells what to do`,
      );
    }
  }
  if (chosen === null) throw unavailable("no OCI runtime found: install crun or runc");
  const binary = runtimes[chosen];
  if (binary) runtimes[defaultAlias] ??= binary;
  return { runtimes, defaultRuntime: chosen, warnings };
}

/** Path of the program that is process 1 of containers with `--init`. It need not exist. */
export function chooseInit(config: DaemonConfig): string {
  return config.initPath ?? findProgram(...inits) ?? "/usr/bin/tini-static";
}

/** Path of conmon, which watches each container. Throws `unavailable` if it is not installed. */
export function chooseMonitor(config: DaemonConfig): string {
  const path = findProgram(config.conmonPath ?? "conmon");
  if (!path)
    throw unavailable(
      config.conmonPath ? `conmon not found at ${config.conmonPath}` : "conmon not found: install the package conmon",
    );
  return path;
}
