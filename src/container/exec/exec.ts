import type { ExecConfig, ProcessConfig } from "../../api/types/container.ts";
import { internal, invalid, notFound } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import { resolveUser } from "../../runtime/bundle/user.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { findContainer } from "../lookup.ts";
import { linkVariables } from "../network/links.ts";
import type { ContainerRecord } from "../record.ts";
import { parseDetachKeys } from "../streams/detach-keys.ts";
import { type ExecRecord, execById, insertExec, sweepExecs } from "../table.ts";
import { commandLine, findExecutable, requireExecutable } from "./exec-start.ts";

export { attachExec, startExec } from "./exec-start.ts";

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

/** Notes a command to be run in a running container. Nothing runs before `startExec` or `attachExec`. */
export async function createExec(deps: ContainerDeps, ref: string, config: ExecConfig): Promise<{ Id: string }> {
  if (!config.Cmd?.length) throw invalid("no exec command specified");
  const c = findContainer(deps, ref);
  requireExecutable(c, ref);
  if (config.User) resolveUser(deps.rootfs.path(c.id), config.User, c.spec.hostConfig.GroupAdd ?? []);
  if (config.DetachKeys) parseDetachKeys(config.DetachKeys, "escape");
  return { Id: recordExec(deps, c, config).id };
}

/** Notes a command. Throws where a container is not there that this one links to. */
export function recordExec(deps: ContainerDeps, c: ContainerRecord, config: ExecConfig): ExecRecord {
  const exec: ExecRecord = {
    id: newId(),
    containerId: c.id,
    cmd: config.Cmd ?? [],
    env: config.Env ?? [],
    linkEnv: linkVariables(deps, c),
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
  sweepExecs(deps.store, Date.now() - keptAfterExit);
  insertExec(deps.store, exec);
  publish(deps, c, `exec_create: ${commandLine(exec)}`, { execID: exec.id });
  return exec;
}

/** `GET /exec/<id>/json`. Throws `not-found` where there is no such exec. */
export async function inspectExec(deps: ContainerDeps, id: string): Promise<ExecInspect> {
  const exec = findExec(deps, id);
  const [entrypoint = "", ...args] = exec.cmd;
  return {
    ID: exec.id,
    Running: exec.phase === "running",
    ExitCode: exec.exitCode,
    ProcessConfig: {
      tty: exec.tty,
      entrypoint,
      arguments: args,
      privileged: exec.privileged,
      ...(exec.user && { user: exec.user }),
    },
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
export async function resizeExec(
  deps: ContainerDeps,
  id: string,
  size: { height: number; width: number },
): Promise<void> {
  const { container } = findExecutable(deps, id);
  // The client asks as soon as its start is under way: a moment is due for the process to come up.
  for (let waited = 0; execById(deps.store, id)?.phase === "created" && waited < 10_000; waited += 20)
    await Bun.sleep(20);
  const phase = execById(deps.store, id)?.phase;
  if (phase === "created") throw internal("timeout waiting for exec session ready");
  if (phase !== "running") throw notFound(`process does not exist ${id}: not found`);
  await deps.runtime.resizeExec(container.id, id, size.width, size.height);
}

function findExec(deps: ContainerDeps, id: string): ExecRecord {
  const exec = execById(deps.store, id);
  if (!exec) throw notFound(`No such exec instance: ${id}`);
  return exec;
}
