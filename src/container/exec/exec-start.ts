import { conflict, errorKind, errorMessage, notFound } from "../../lib/errors.ts";
import { buildExecProcess } from "../../runtime/bundle/exec-process.ts";
import { RuntimeError } from "../../runtime/runtime-errors.ts";
import type { StartedExec } from "../../runtime/types.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { isRestarting, notRunning } from "../lookup.ts";
import type { ContainerRecord } from "../record.ts";
import type { Attachment } from "../streams/attachment.ts";
import { ClientStream } from "../streams/client-stream.ts";
import { defaultDetachKeys, parseDetachKeys } from "../streams/detach-keys.ts";
import { containerById, type ExecRecord, execById, updateExec } from "../table.ts";

/** Body of `POST /exec/{id}/start`. */
export interface ExecStartOptions {
  Detach?: boolean | null;
  /** Whether output goes out bare. Whether the process has a terminal was settled at create. */
  Tty?: boolean | null;
  /** Rows and columns; takes the place of create's. */
  ConsoleSize?: number[] | null;
}

/** Runs an exec that createExec saved, without connecting to its streams. */
export async function startExec(deps: ContainerDeps, id: string): Promise<void> {
  const { exec, container } = findExecutable(deps, id);
  await launchExec(deps, container, exec, { attach: false, consoleSize: exec.consoleSize });
}

/**
 * The streams of an exec that createExec saved. It starts when its output is first read; if it cannot (it was started
 * before, for one), the reason is sent as output. Throws `conflict` where nothing can be run in the container now.
 */
export function attachExec(deps: ContainerDeps, id: string, { Tty, ConsoleSize }: ExecStartOptions): Attachment {
  const { exec, container } = findExecutable(deps, id);
  const ended = Promise.withResolvers<number>();
  return new ClientStream({
    tty: exec.tty,
    bare: Tty ?? false,
    stdin: exec.attachStdin,
    stdout: exec.attachStdout,
    // Without frames a reader cannot tell stdout from stderr.
    stderr: exec.attachStderr && !Tty,
    detachKeys: parseDetachKeys(exec.detachKeys || defaultDetachKeys),
    settled: ended.promise,
    open: async () => {
      const now = findExecutable(deps, id).exec;
      return (
        await launchExec(deps, container, now, {
          attach: true,
          consoleSize: ConsoleSize ?? exec.consoleSize,
          onEnd: ended.resolve,
        })
      ).io;
    },
    onDetach: () => publish(deps, container, "exec_detach", { execID: exec.id }),
    onClose: () => {},
  });
}

/** An exec and its container. Throws `not-found` where there is none, `conflict` where nothing can be run in it now. */
export function findExecutable(deps: ContainerDeps, id: string): { exec: ExecRecord; container: ContainerRecord } {
  const exec = execById(deps.store, id);
  if (!exec) throw notFound(`No such exec instance: ${id}`);
  const container = containerById(deps.store, exec.containerId);
  if (!container) throw notFound(`No such container: ${id}`);
  requireExecutable(container, container.id);
  return { exec, container };
}

/** How an exec is started. */
export interface ExecLaunch {
  attach: boolean;
  /** Rows and columns. */
  consoleSize: number[] | null;
  /** Called with the exit code when the process has ended and its record says so; never where the start fails. */
  onEnd?: (exitCode: number) => void;
}

/**
 * Starts an exec's process and keeps its record; a start that fails ends it with the exit code of the RuntimeError that
 * it throws.
 */
export async function launchExec(
  deps: ContainerDeps,
  c: ContainerRecord,
  exec: ExecRecord,
  { attach, consoleSize, onEnd }: ExecLaunch,
): Promise<StartedExec> {
  if (exec.phase === "exited") throw conflict(`exec command ${exec.id} has already run`);
  if (exec.phase === "running") throw conflict(`exec command ${exec.id} is already running`);
  updateExec(deps.store, { ...exec, phase: "running" });
  publish(deps, c, `exec_start: ${commandLine(exec)}`, { execID: exec.id });
  if (onEnd) deps.live.execWaiters.set(exec.id, onEnd);
  try {
    const started = await deps.runtime.exec({
      containerId: c.id,
      execId: exec.id,
      process: execProcess(deps, c, exec, consoleSize),
      tty: exec.tty,
      stdin: exec.attachStdin && attach,
      attach,
    });
    // Its end cannot have been saved yet: it is only reported after execTask has returned.
    updateExec(deps.store, { ...exec, phase: "running", pid: started.pid });
    return started;
  } catch (error) {
    deps.live.execWaiters.delete(exec.id);
    const failure =
      error instanceof RuntimeError ? error : new RuntimeError(errorKind(error), errorMessage(error), 126);
    updateExec(deps.store, { ...exec, phase: "exited", exitCode: failure.exitCode, exitedAt: Date.now() });
    throw failure;
  }
}

/** As events show it: program, blank, arguments. */
export function commandLine({ cmd: [program = "", ...args] }: ExecRecord): string {
  return `${program} ${args.join(" ")}`;
}

function execProcess(deps: ContainerDeps, c: ContainerRecord, exec: ExecRecord, consoleSize: number[] | null) {
  const spec = deps.runtime.spec(c.id);
  return buildExecProcess({
    container: spec.process,
    rootfs: deps.rootfs.path(c.id),
    args: exec.cmd,
    containerEnv: c.spec.config.Env ?? [],
    linkEnv: exec.linkEnv ?? [],
    env: exec.env,
    hostname: spec.hostname ?? c.spec.config.Hostname ?? "",
    user: exec.user,
    groupAdd: c.spec.hostConfig.GroupAdd ?? [],
    workdir: exec.workingDir,
    tty: exec.tty,
    consoleSize,
    privileged: exec.privileged,
    available: deps.facts.capabilities,
  });
}

/** Throws unless commands can be run in the container now. */
export function requireExecutable(c: ContainerRecord, ref: string): void {
  if (c.state.phase === "paused") throw conflict(`Container ${ref} is paused, unpause the container before exec`);
  if (c.state.phase === "restarting") throw isRestarting(c.id);
  if (c.state.phase !== "running") throw notRunning(c.id);
}
