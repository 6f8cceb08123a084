import { join } from "node:path";
import { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { CgroupDriver, CgroupLayout } from "../linux/cgroup.ts";
import { Inotify } from "../linux/inotify.ts";
import type { AttachHub } from "./attach-hub.ts";
import { Collections } from "./logs/collections.ts";
import type { LogDrivers } from "./logs/driver/drivers.ts";
import { LogKeeper } from "./logs/keeper.ts";
import { Sendings } from "./logs/send/sendings.ts";
import { OomWatch } from "./oom.ts";

/** A low-level runtime the daemon may use: crun, runc, or one given by `--add-runtime`. */
export interface RuntimeBinary {
  path: string;
  /** Put before the verb on every call. */
  args?: string[];
}

/** What the verbs of this folder need; made once by {@link createRuntimeDeps} and shared. */
export interface RuntimeDeps {
  /** `/run/berth`: everything here may vanish at a reboot, together with the containers. */
  readonly execRoot: string;
  readonly log: Logger;
  /** First 8 hex digits of sha256 of the data root; names cgroups that belong to no single container. */
  readonly instance: string;
  readonly conmonPath: string;
  readonly runtimes: Readonly<Record<string, RuntimeBinary>>;
  readonly defaultRuntime: string;
  readonly cgroupDriver: CgroupDriver;
  readonly cgroups: CgroupLayout;
  /** Open attach connections by container or exec id: one connection to each monitor, shared by its clients. */
  readonly hubs: Map<string, Promise<AttachHub>>;
  /** Called for every exit of a container or exec; see watchExits. */
  readonly exitListeners: Set<(exit: TaskExit) => void>;
  /** Containers whose monitor's end this daemon waits for. */
  readonly watched: Set<string>;
  /** What can become of output. */
  readonly logDrivers: LogDrivers;
  readonly logs: LogKeeper;
  readonly inotify: Inotify;
  readonly ooms: OomWatch;
  readonly collections: Collections;
  readonly sendings: Sendings;
  /** Held while a filter of system calls is made; see seccomp-cache.ts. */
  readonly compiling: KeyedLock;
}

/** What the daemon chooses of {@link RuntimeDeps}; {@link createRuntimeDeps} makes the rest. */
export interface RuntimeOptions
  extends Omit<
    RuntimeDeps,
    "hubs" | "exitListeners" | "watched" | "logs" | "inotify" | "ooms" | "collections" | "sendings" | "compiling"
  > {}

/** Starts nothing: watches, connections and logs come with the first task. */
export function createRuntimeDeps(options: RuntimeOptions): RuntimeDeps {
  const inotify = new Inotify();
  return {
    ...options,
    inotify,
    hubs: new Map(),
    exitListeners: new Set(),
    watched: new Set(),
    logs: new LogKeeper(options.log),
    ooms: new OomWatch(inotify, options.log),
    collections: new Collections(inotify, options.log),
    sendings: new Sendings(options.log),
    compiling: new KeyedLock(),
  };
}

/** How a container's or an exec's first process ended. */
export interface TaskExit {
  /** The container's id, or the exec's. */
  id: string;
  /** Set for an exec: the container it ran in. */
  containerId?: string;
  /** 128 + signal where a signal ended it. */
  exitCode: number;
  /** Unix nanoseconds. */
  finishedAt: bigint;
  oomKilled: boolean;
}

/**
 * Where a container's monitor keeps its files: the bundle's config.json, sockets, pid files. Also the parent of
 * `rootfs`.
 */
export const taskDir = (deps: Pick<RuntimeDeps, "execRoot">, id: string) => join(deps.execRoot, "containers", id);
/** One file per ended container, named by its id; its text is the exit code, its mtime the finish time. */
export const exitsDir = (deps: Pick<RuntimeDeps, "execRoot">) => join(deps.execRoot, "exits");
/** An exec's files, below those of its container. */
export const execDir = (deps: Pick<RuntimeDeps, "execRoot">, containerId: string, execId: string) =>
  join(taskDir(deps, containerId), "execs", execId);
/** Where a runtime keeps its state (`--root`), a directory for each container. Each daemon has its own. */
export const runtimeStateDir = (deps: Pick<RuntimeDeps, "execRoot" | "defaultRuntime">, runtime: string) =>
  join(deps.execRoot, "runtimes", runtime || deps.defaultRuntime);
