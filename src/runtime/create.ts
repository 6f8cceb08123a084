import { mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { internal, unavailable } from "../lib/errors.ts";
import { processStat } from "../linux/proc.ts";
import type { OciSpec } from "../oci/runtime.ts";
import { encodeRuntimeJson } from "../oci/runtime-json.ts";
import { whyNot } from "./checkpoint.ts";
import { deleteTask } from "./delete.ts";
import { exitsDir, type RuntimeDeps, taskDir } from "./deps.ts";
import { watchMonitor } from "./exits.ts";
import { keepTaskLog } from "./keep-log.ts";
import { setLateLimits, withoutLateLimits } from "./late-limits.ts";
import { defaultLogLimits } from "./logs/limits.ts";
import { startMonitor } from "./monitor.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { watchOoms } from "./oom-count.ts";
import { runtimeCommand } from "./runtime-command.ts";
import { runtimeError } from "./runtime-errors.ts";
import { requireNetDevices } from "./runtime-features.ts";
import { withCompiledSeccomp } from "./seccomp-cache.ts";
import { findTaskRecord, readPidFile, type TaskRecord, writeTaskRecord } from "./task-record.ts";
import type { CreatedTask, CreateTaskRequest } from "./types.ts";

/**
 * A monitor starts a new log file by itself once the file has this many bytes (or as many as all files of the log
 * together may have, where that is more), and does not keep the old one. That is for times without a daemon that
 * rotates. The number is large enough for a busy daemon to rotate first.
 */
const UNWATCHED_LOG = 256 * 1000 * 1000;

/**
 * Brings a container to the point where its first process waits for {@link startTask}: the runtime has made
 * namespaces, cgroup and mounts, and a monitor of its own holds its streams. Attach now and no output is missed.
 * Throws RuntimeError with Docker's text and exit code where the runtime refuses; nothing is left then.
 */
export async function createTask(deps: RuntimeDeps, request: CreateTaskRequest): Promise<CreatedTask> {
  const { id } = request;
  const limits = request.logLimits ?? defaultLogLimits;
  const dir = taskDir(deps, id);
  runtimeCommand(deps, request.runtime);
  // An earlier task of the container whose deletion failed: the runtime would refuse another of its name.
  if (findTaskRecord(deps, id) !== null) await deleteTask(deps, id);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => deleteTask(deps, id));

  mkdirSync(dir, { recursive: true, mode: 0o700 });
  mkdirSync(exitsDir(deps), { recursive: true, mode: 0o700 });
  // A task of the same container that ended earlier has left these.
  for (const stale of [join(exitsDir(deps), id), join(dir, "oom"), join(dir, "exit")]) await rm(stale, { force: true });
  const writeConfig = (config: OciSpec) =>
    writeFileSync(join(dir, "config.json"), encodeRuntimeJson(config), { mode: 0o600 });
  if (request.spec.linux.netDevices) await requireNetDevices(deps, request.runtime);
  const spec = await withCompiledSeccomp(deps, request.spec, request.runtime);
  const { early, late } = withoutLateLimits(deps, spec, request.runtime);
  writeConfig(early);
  const record: TaskRecord = {
    runtime: request.runtime || deps.defaultRuntime,
    tty: request.tty,
    openStdin: request.openStdin,
    stdinOnce: request.stdinOnce,
    logPath: request.logPath,
    logLimits: limits,
    cgroupsPath: spec.linux.cgroupsPath ?? "",
  };
  writeTaskRecord(deps, id, record);

  const monitor = await startMonitor(deps, {
    dir,
    containerId: id,
    runtime: request.runtime,
    exitDir: exitsDir(deps),
    args: [
      "--log-path",
      request.logPath === null ? "none" : `k8s-file:${request.logPath}`,
      ...(limits.maxSize === null
        ? []
        : ["--log-size-max", String(Math.max(limits.maxSize * limits.maxFiles, UNWATCHED_LOG))]),
      ...(request.restoreFrom === undefined ? [] : ["--restore", request.restoreFrom]),
      ...(request.tty ? ["--terminal"] : []),
      ...(request.openStdin ? ["--stdin"] : []),
      ...(closesStdin(request) ? [] : ["--leave-stdin-open"]),
      ...(deps.cgroupDriver === "systemd" ? ["--systemd-cgroup"] : []),
    ],
  });
  undo.defer(() => monitor.hangUp());
  request.onBegun?.();
  const answer = await monitor.next();
  if (answer === null || answer.data < 0) {
    const complaint = answer?.message ?? monitor.complaint();
    if (request.restoreFrom !== undefined)
      throw internal(`cannot restore: ${whyNot(complaint, record.runtime, join(dir, "restore.log"))}`);
    throw runtimeError("create", complaint, spec.process.args[0] ?? "");
  }
  const conmonPid = readPidFile(join(dir, "conmon.pid"));
  if (conmonPid === null) throw unavailable(`conmon wrote no pid file for ${id}`);
  enterMonitorCgroup(deps, conmonPid);
  setLateLimits(answer.data, late);
  // Execs read their limits there.
  if (late.length > 0) writeConfig(spec);
  const startTime = processStat(answer.data)?.startTime;
  writeTaskRecord(deps, id, { ...record, pid: answer.data, ...(startTime !== undefined && { startTime }) });
  watchMonitor(deps, id, conmonPid);
  watchOoms(deps, id, record);
  keepTaskLog(deps, id, record, { adopted: false });
  undo.move();
  monitor.hangUp();
  return { pid: answer.data, conmonPid };
}

/** Whether the end of a client's input is the end of the process's. */
export function closesStdin(task: { tty: boolean; openStdin: boolean; stdinOnce: boolean }): boolean {
  return task.openStdin && task.stdinOnce && !task.tty;
}
