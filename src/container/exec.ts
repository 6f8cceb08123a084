import type { ProcessConfig } from "../api/types/container.ts";
import { invalid, notFound } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { resizeExec as resizeExecTask } from "../runtime/resize.ts";
import type { ContainerContext } from "./context.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { publish } from "./events.ts";
import { findContainer } from "./lookup.ts";
import { requireExecutable } from "./exec-start.ts";
import type { ContainerRecord } from "./record.ts";
import { resolveUser } from "../runtime/spec/user.ts";
import { containerById, execById, insertExec, sweepExecs, type ExecRecord } from "./table.ts";

export { startExec } from "./exec-start.ts";

/** Body of `POST /containers/{id}/exec`. */
export interface ExecConfig {
  AttachStdin?: boolean | null;
  AttachStdout?: boolean | null;
  AttachStderr?: boolean | null;
  /** Rows and columns. */
  ConsoleSize?: number[] | null;
  DetachKeys?: string | null;
  Tty?: boolean | null;
  Env?: string[] | null;
  Cmd?: string[] | null;
  Privileged?: boolean | null;
  User?: string | null;
  WorkingDir?: string | null;
}

/** Answer of `GET /exec/{id}/json`. */
export interface ExecInspect {
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  ProcessConfig: ProcessConfig;
  OpenStdin: boolean;
  OpenStderr: boolean;
  OpenStdout: boolean;
  CanRemove: boolean;
  ContainerID: string;
  DetachKeys: string;
  Pid: number;
}

/** Milliseconds for which an exec can be inspected after its end. */
const keptAfterExit = 5 * 60_000;

/** Notes a command to be run in a running container. Nothing runs before `startExec`. */
export async function createExec(ctx: ContainerContext, ref: string, config: ExecConfig): Promise<{ Id: string }> {
  if (!config.Cmd?.length) throw invalid("no exec command specified");
  const c = findContainer(ctx, ref);
  requireExecutable(c, ref);
  if (config.User) resolveUser(ctx.images.paths.rootfs(c.id), config.User, c.spec.hostConfig.GroupAdd ?? []);
  if (config.DetachKeys) parseDetachKeys(config.DetachKeys);
  return { Id: recordExec(ctx, c, config).id };
}

export function recordExec(ctx: ContainerContext, c: ContainerRecord, config: ExecConfig): ExecRecord {
  const exec: ExecRecord = {
    id: newId(),
    containerId: c.id,
    cmd: config.Cmd ?? [],
    env: config.Env ?? [],
    user: config.User || c.spec.config.User || "",
    workingDir: config.WorkingDir || c.spec.config.WorkingDir || "",
    tty: config.Tty ?? false,
    privileged: config.Privileged ?? false,
    attachStdin: config.AttachStdin ?? false,
    attachStdout: config.AttachStdout ?? false,
    attachStderr: config.AttachStderr ?? false,
    detachKeys: config.DetachKeys ?? "",
    consoleSize: config.ConsoleSize ?? null,
    phase: "created",
    pid: 0,
    exitCode: null,
    exitedAt: 0,
  };
  sweepExecs(ctx.store, Date.now() - keptAfterExit);
  insertExec(ctx.store, exec);
  publish(ctx, c, `exec_create: ${exec.cmd.join(" ")}`, { execID: exec.id });
  return exec;
}

export async function inspectExec(ctx: ContainerContext, id: string): Promise<ExecInspect> {
  const exec = findExec(ctx, id);
  const [entrypoint = "", ...args] = exec.cmd;
  return {
    ID: exec.id,
    Running: exec.phase === "running",
    ExitCode: exec.exitCode,
    ProcessConfig: { tty: exec.tty, entrypoint, arguments: args, privileged: exec.privileged, ...(exec.user && { user: exec.user }) },
    OpenStdin: exec.attachStdin,
    OpenStderr: exec.attachStderr,
    OpenStdout: exec.attachStdout,
    CanRemove: exec.phase === "exited",
    ContainerID: exec.containerId,
    DetachKeys: exec.detachKeys,
    Pid: exec.pid,
  };
}

/** Tells an exec's terminal its size, in characters. */
export async function resizeExec(ctx: ContainerContext, id: string, size: { height: number; width: number }): Promise<void> {
  const exec = findExec(ctx, id);
  const c = containerById(ctx.store, exec.containerId);
  if (!c) throw notFound(`No such container: ${id}`);
  requireExecutable(c, c.id);
  // The client asks as soon as its start is under way: a moment is due for the process to come up.
  for (let waited = 0; execById(ctx.store, id)?.phase === "created" && waited < 10_000; waited += 20) await Bun.sleep(20);
  if (execById(ctx.store, id)?.phase !== "running") throw invalid("exec process is not started");
  await resizeExecTask(ctx.runtime, exec.containerId, id, size.width, size.height);
}

export function findExec(ctx: ContainerContext, id: string): ExecRecord {
  const exec = execById(ctx.store, id);
  if (!exec) throw notFound(`No such exec instance: ${id}`);
  return exec;
}
