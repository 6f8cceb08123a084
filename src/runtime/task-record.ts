import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, notFound } from "../lib/errors.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";
import type { LogLimits } from "./logs/limits.ts";

/** What later verbs, also those of a restarted daemon, must know of a task. Lives beside the bundle as task.json. */
export interface TaskRecord {
  runtime: string;
  tty: boolean;
  openStdin: boolean;
  stdinOnce: boolean;
  logPath: string | null;
  logLimits: LogLimits;
  /** The bundle's `linux.cgroupsPath`. */
  cgroupsPath: string;
  /** The container's first process; absent until the runtime has made it. */
  pid?: number;
  /** Of that process, to tell it from a later one of the same number. */
  startTime?: number;
}

const recordPath = (deps: RuntimeDeps, id: string) => join(taskDir(deps, id), "task.json");

/**
 * Writes task.json into the task's directory, which must exist. Whenever the daemon is killed, the one before is there
 * or the new one: no engine starts over half of one.
 */
export function writeTaskRecord(deps: RuntimeDeps, id: string, record: TaskRecord): void {
  const path = recordPath(deps, id);
  writeFileSync(`${path}.part`, JSON.stringify(record));
  renameSync(`${path}.part`, path);
}

/** Null where there is no such task. */
export function findTaskRecord(deps: RuntimeDeps, id: string): TaskRecord | null {
  try {
    return JSON.parse(readFileSync(recordPath(deps, id), "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return null;
    throw error;
  }
}

/** Throws `not-found` where there is no such task. */
export function readTaskRecord(deps: RuntimeDeps, id: string): TaskRecord {
  const record = findTaskRecord(deps, id);
  if (record === null) throw notFound(`no such task: ${id}`);
  return record;
}

/** A pid file's number, or null where it is missing or not yet written. */
export function readPidFile(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isNaN(pid) ? null : pid;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return null;
    throw error;
  }
}
