import { join } from "node:path";
import type { Logger } from "../lib/log.ts";
import type { CgroupDriver, CgroupLayout } from "../linux/cgroup.ts";
import type { AttachHub } from "./attach-hub.ts";
import { LogKeeper } from "./logs/keeper.ts";

/** A low-level runtime the daemon may use: crun, runc, or one given by `--add-runtime`. */
export interface RuntimeBinary {
  path: string;
  /** Put before the verb on every call. */
  args?: string[];
}

/** What the verbs of this folder need; made once by {@link createRuntimeContext} and shared. */
export interface RuntimeContext {
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
  readonly logs: LogKeeper;
}

export interface RuntimeOptions extends Omit<RuntimeContext, "hubs" | "exitListeners" | "watched" | "logs"> {}

export function createRuntimeContext(options: RuntimeOptions): RuntimeContext {
  return { ...options, hubs: new Map(), exitListeners: new Set(), watched: new Set(), logs: new LogKeeper(options.log) };
}

/** How a container's or an exec's first process ended. */
export interface TaskExit {
  /** The container's id, or the exec's. */
  id: string;
  /** Set for an exec: the container it ran in. */
  containerId?: string;
  /** 128 + signal where a signal ended it. */
  exitCode: number;
  finishedAt: Date;
  oomKilled: boolean;
}

/** Where a container's monitor keeps its files: the bundle's config.json, sockets, pid files. Also the parent of `rootfs`. */
export const taskDir = (ctx: Pick<RuntimeContext, "execRoot">, id: string) => join(ctx.execRoot, "containers", id);
/** One file per ended container, named by its id; its text is the exit code, its mtime the finish time. */
export const exitsDir = (ctx: Pick<RuntimeContext, "execRoot">) => join(ctx.execRoot, "exits");
/** An exec's files, below those of its container. */
export const execDir = (ctx: Pick<RuntimeContext, "execRoot">, containerId: string, execId: string) =>
  join(taskDir(ctx, containerId), "execs", execId);
/** Where a runtime keeps its state (`--root`), a directory for each container. Each daemon has its own. */
export const runtimeStateDir = (ctx: Pick<RuntimeContext, "execRoot" | "defaultRuntime">, runtime: string) =>
  join(ctx.execRoot, "runtimes", runtime || ctx.defaultRuntime);
