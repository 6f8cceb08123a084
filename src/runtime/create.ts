import { mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { unavailable } from "../lib/errors.ts";
import { processStat } from "../linux/proc.ts";
import { encodeRuntimeJson } from "../oci/runtime-json.ts";
import { exitsDir, taskDir, type RuntimeContext } from "./context.ts";
import { deleteTask } from "./delete.ts";
import { keepTaskLog } from "./keep-log.ts";
import { defaultLogLimits } from "./logs/options.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { startMonitor } from "./monitor.ts";
import { runtimeCommand } from "./runtime-command.ts";
import { keepCompiledSeccomp, withCompiledSeccomp } from "./seccomp-cache.ts";
import { runtimeError } from "./runtime-errors.ts";
import { readPidFile, writeTaskRecord, type TaskRecord } from "./task-record.ts";
import { watchMonitor } from "./exits.ts";
import type { CreatedTask, CreateTaskRequest } from "./types.ts";

/**
 * Bytes of log after which a monitor replaces its file by itself, at least. It does so without keeping the old one: this
 * is for the times when no daemon rotates, and large enough for a busy one to come round.
 */
const UNWATCHED_LOG = 256 * 1000 * 1000;

/**
 * Brings a container to the point where its first process waits for {@link startTask}: the runtime has made
 * namespaces, cgroup and mounts, and a monitor of its own holds its streams. Attach now and no output is missed.
 * Throws RuntimeError with Docker's text and exit code where the runtime refuses; nothing is left then.
 */
export async function createTask(ctx: RuntimeContext, request: CreateTaskRequest): Promise<CreatedTask> {
  const { id, spec } = request;
  const limits = request.logLimits ?? defaultLogLimits;
  const dir = taskDir(ctx, id);
  runtimeCommand(ctx, request.runtime);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => deleteTask(ctx, id));

  mkdirSync(dir, { recursive: true, mode: 0o700 });
  mkdirSync(exitsDir(ctx), { recursive: true, mode: 0o700 });
  // A task of the same container that ended earlier has left these.
  for (const stale of [join(exitsDir(ctx), id), join(dir, "oom"), join(dir, "exit")]) await rm(stale, { force: true });
  writeFileSync(join(dir, "config.json"), encodeRuntimeJson(withCompiledSeccomp(ctx, spec, request.runtime)), { mode: 0o600 });
  const record: TaskRecord = {
    runtime: request.runtime || ctx.defaultRuntime,
    tty: request.tty,
    openStdin: request.openStdin,
    stdinOnce: request.stdinOnce,
    logPath: request.logPath,
    logLimits: limits,
    cgroupsPath: spec.linux.cgroupsPath ?? "",
  };
  writeTaskRecord(ctx, id, record);

  const monitor = await startMonitor(ctx, {
    dir,
    containerId: id,
    runtime: request.runtime,
    exitDir: exitsDir(ctx),
    args: [
      "--log-path", request.logPath === null ? "none" : `k8s-file:${request.logPath}`,
      ...(limits.maxSize === null ? [] : ["--log-size-max", String(Math.max(limits.maxSize * limits.maxFiles, UNWATCHED_LOG))]),
      ...(request.tty ? ["--terminal"] : []),
      ...(request.openStdin ? ["--stdin"] : []),
      ...(closesStdin(request) ? [] : ["--leave-stdin-open"]),
      ...(ctx.cgroupDriver === "systemd" ? ["--systemd-cgroup"] : []),
    ],
  });
  undo.defer(() => monitor.hangUp());
  request.onBegun?.();
  const answer = await monitor.next();
  if (answer === null || answer.data < 0) {
    throw runtimeError("create", answer?.message ?? monitor.complaint(), spec.process.args[0] ?? "");
  }
  const conmonPid = readPidFile(join(dir, "conmon.pid"));
  if (conmonPid === null) throw unavailable(`conmon wrote no pid file for ${id}`);
  enterMonitorCgroup(ctx, conmonPid);
  const startTime = processStat(answer.data)?.startTime;
  writeTaskRecord(ctx, id, { ...record, pid: answer.data, ...(startTime !== undefined && { startTime }) });
  keepCompiledSeccomp(ctx, id, spec, request.runtime);
  watchMonitor(ctx, id, conmonPid);
  keepTaskLog(ctx, id, record, { adopted: false });
  undo.move();
  monitor.hangUp();
  return { pid: answer.data, conmonPid };
}

/** Whether the end of a client's input is the end of the process's. */
export function closesStdin(task: { tty: boolean; openStdin: boolean; stdinOnce: boolean }): boolean {
  return task.openStdin && task.stdinOnce && !task.tty;
}
