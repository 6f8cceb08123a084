import { readFileSync } from "node:fs";
import { conflict, errorKind, errorMessage, notFound } from "../lib/errors.ts";
import type { OciSpec } from "../oci/runtime.ts";
import { taskDir } from "../runtime/context.ts";
import { execTask } from "../runtime/exec.ts";
import { RuntimeError } from "../runtime/runtime-errors.ts";
import type { StartedExec } from "../runtime/types.ts";
import type { Attachment } from "./attachment.ts";
import { ClientStream } from "./client-stream.ts";
import type { ContainerContext } from "./context.ts";
import { defaultDetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { publish } from "./events.ts";
import { isRestarting, notRunning } from "./lookup.ts";
import type { ContainerRecord } from "./record.ts";
import { buildExecProcess } from "../runtime/spec/exec-process.ts";
import { containerById, execById, updateExec, type ExecRecord } from "./table.ts";

/** Body of `POST /exec/{id}/start`. The terminal was settled at create. */
export interface ExecStartOptions {
  Detach?: boolean | null;
  Tty?: boolean | null;
  /** Rows and columns; takes the place of create's. */
  ConsoleSize?: number[] | null;
}

/** Runs what createExec noted. Returns the process's streams, null when detached. */
export async function startExec(ctx: ContainerContext, id: string, { Detach, ConsoleSize }: ExecStartOptions): Promise<Attachment | null> {
  const exec = execById(ctx.store, id);
  if (!exec) throw notFound(`No such exec instance: ${id}`);
  const c = containerById(ctx.store, exec.containerId);
  if (!c) throw notFound(`No such container: ${id}`);
  requireExecutable(c, c.id);
  const ended = Promise.withResolvers<number>();
  if (!Detach) ctx.live.execWaiters.set(id, ended.resolve);
  const { io } = await launchExec(ctx, c, exec, { attach: !Detach, consoleSize: ConsoleSize ?? exec.consoleSize }).catch((error: unknown) => {
    ctx.live.execWaiters.delete(id);
    throw error;
  });
  if (Detach) return null;
  const client = new ClientStream({
    tty: exec.tty,
    stdin: exec.attachStdin,
    stdout: exec.attachStdout,
    stderr: exec.attachStderr,
    detachKeys: parseDetachKeys(exec.detachKeys || defaultDetachKeys),
    settled: ended.promise,
    onDetach: () => publish(ctx, c, "exec_detach", { execID: exec.id }),
    onClose: () => {},
  });
  client.connect(io);
  return client;
}

/** Starts an exec's process and keeps its record; a start that fails ends it with the exit code of the RuntimeError that it throws. */
export async function launchExec(
  ctx: ContainerContext, c: ContainerRecord, exec: ExecRecord, { attach, consoleSize }: { attach: boolean; consoleSize: number[] | null },
): Promise<StartedExec> {
  if (exec.phase === "exited") throw conflict(`exec command ${exec.id} has already run`);
  if (exec.phase === "running") throw conflict(`exec command ${exec.id} is already running`);
  updateExec(ctx.store, { ...exec, phase: "running" });
  publish(ctx, c, `exec_start: ${exec.cmd.join(" ")}`, { execID: exec.id });
  try {
    const started = await execTask(ctx.runtime, {
      containerId: c.id,
      execId: exec.id,
      process: execProcess(ctx, c, exec, consoleSize),
      tty: exec.tty,
      stdin: exec.attachStdin && attach,
      attach,
    });
    // Its end cannot have been noted yet: that is told after execTask has returned.
    updateExec(ctx.store, { ...exec, phase: "running", pid: started.pid });
    return started;
  } catch (error) {
    const failure = error instanceof RuntimeError ? error : new RuntimeError(errorKind(error), errorMessage(error), 126);
    updateExec(ctx.store, { ...exec, phase: "exited", exitCode: failure.exitCode, exitedAt: Date.now() });
    throw failure;
  }
}

function execProcess(ctx: ContainerContext, c: ContainerRecord, exec: ExecRecord, consoleSize: number[] | null) {
  const spec: OciSpec = JSON.parse(readFileSync(`${taskDir(ctx.runtime, c.id)}/config.json`, "utf8"));
  return buildExecProcess({
    container: spec.process,
    rootfs: ctx.images.paths.rootfs(c.id),
    args: exec.cmd,
    containerEnv: c.spec.config.Env ?? [],
    env: exec.env,
    hostname: spec.hostname ?? c.spec.config.Hostname ?? "",
    user: exec.user,
    groupAdd: c.spec.hostConfig.GroupAdd ?? [],
    workdir: exec.workingDir,
    tty: exec.tty,
    consoleSize,
    privileged: exec.privileged,
    available: ctx.facts.capabilities,
  });
}

/** Throws unless commands can be run in the container now. */
export function requireExecutable(c: ContainerRecord, ref: string): void {
  if (c.state.phase === "paused") throw conflict(`Container ${ref} is paused, unpause the container before exec`);
  if (c.state.phase === "restarting") throw isRestarting(c.id);
  if (c.state.phase !== "running") throw notRunning(c.id);
}
