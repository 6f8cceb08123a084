import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conflict, errorMessage, unavailable } from "../lib/errors.ts";
import { nowNano } from "../linux/clock.ts";
import { removeTree } from "../linux/remove.ts";
import { encodeRuntimeJson } from "../oci/runtime-json.ts";
import { openHub } from "./attach.ts";
import { execDir, type RuntimeDeps } from "./deps.ts";
import { emitExit } from "./emit-exit.ts";
import { type Monitor, type MonitorMessage, startMonitor } from "./monitor.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { runtimeError } from "./runtime-errors.ts";
import { readPidFile, readTaskRecord } from "./task-record.ts";
import { isAlive } from "./task-state.ts";
import type { ExecTaskRequest, StartedExec, TaskIo } from "./types.ts";

/** Most execs end sooner than this, in milliseconds. */
const SHORT_EXEC = 200;
/** Exit code of an exec whose monitor was killed. */
const UNSEEN_EXIT = 255;

/**
 * Runs another process in a container, under a monitor of its own. Its end goes to the listeners of watchExits
 * under the exec's id. Throws RuntimeError (126, 127) where the program cannot be run.
 */
export async function execTask(deps: RuntimeDeps, request: ExecTaskRequest): Promise<StartedExec> {
  const { containerId, execId } = request;
  const { runtime } = readTaskRecord(deps, containerId);
  if (!isAlive(deps, containerId)) throw conflict(`container ${containerId} is not running`);
  const dir = execDir(deps, containerId, execId);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => removeTree(dir));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const processFile = join(dir, "process.json");
  writeFileSync(processFile, encodeRuntimeJson(request.process), { mode: 0o600 });

  const monitor = await startMonitor(deps, {
    dir,
    containerId,
    runtime,
    exitDir: dir,
    gated: request.attach,
    args: [
      "--exec",
      "--persist-dir",
      dir,
      "--exec-process-spec",
      processFile,
      "--log-path",
      "none",
      ...(request.attach ? ["--exec-attach"] : []),
      ...(request.tty ? ["--terminal"] : []),
      ...(request.stdin ? ["--stdin"] : []),
    ],
  });
  undo.defer(() => monitor.hangUp());
  const io = request.attach ? await attachBeforeStart(deps, request, dir, monitor) : null;
  if (io) undo.defer(() => io.close());
  const answer = await monitor.next();
  if (answer === null || answer.data < 0) {
    throw runtimeError("exec", answer?.message ?? monitor.complaint(), request.process.args[0] ?? "");
  }
  undo.move();
  (await deps.hubs.get(execId))?.watch(answer.data);
  void reportEnd(deps, request, dir, monitor);
  return { pid: answer.data, io };
}

/** conmon says 0 when its attach socket stands, and holds the process back until it is released. */
async function attachBeforeStart(
  deps: RuntimeDeps,
  request: ExecTaskRequest,
  dir: string,
  monitor: Monitor,
): Promise<TaskIo> {
  const ready = await monitor.next();
  if (ready === null) throw unavailable(`conmon: ${monitor.complaint() || "ended early"}`);
  const hub = await openHub(deps, request.execId, join(dir, "attach"), request.stdin && !request.tty);
  const io = hub.join();
  monitor.release();
  return io;
}

/** Tells of the exec's end. A monitor that has some time to live is moved out of the daemon's cgroup. */
async function reportEnd(
  deps: RuntimeDeps,
  { execId, containerId }: ExecTaskRequest,
  dir: string,
  monitor: Monitor,
): Promise<void> {
  let end: MonitorMessage | null = null;
  const moving = setTimeout(() => {
    const pid = readPidFile(join(dir, "conmon.pid"));
    if (pid !== null) enterMonitorCgroup(deps, pid);
  }, SHORT_EXEC);
  try {
    end = await monitor.next();
    // Never in the same turn of the event loop in which execTask returns, however short the process was.
    await new Promise(setImmediate);
  } catch (error) {
    deps.log.error("cannot follow an exec to its end", {
      id: execId,
      container: containerId,
      error: errorMessage(error),
    });
  }
  clearTimeout(moving);
  monitor.hangUp();
  emitExit(deps, {
    id: execId,
    containerId,
    exitCode: end?.data ?? UNSEEN_EXIT,
    finishedAt: nowNano(),
    oomKilled: false,
  });
  try {
    removeTree(dir);
  } catch (error) {
    // The next start of the daemon, or the end of the container, tries again.
    deps.log.warn("cannot remove an exec's files", { id: execId, container: containerId, error: errorMessage(error) });
  }
}
