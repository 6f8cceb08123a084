import type { Frame } from "../api/stdcopy.ts";
import type { OciProcess, OciSpec } from "../oci/runtime.ts";
import type { LogLimits } from "./logs/limits.ts";

export type { Frame };

/** A container's process to be made, not yet begun. */
export interface CreateTaskRequest {
  id: string;
  /** Written to the bundle as config.json. `spec.root.path` is the mounted root filesystem. */
  spec: OciSpec;
  /** A key of the context's runtimes; empty: the default. */
  runtime: string;
  tty: boolean;
  openStdin: boolean;
  /**
   * Standard input closes for good when the client that was attached to it closes it or leaves (not with a terminal).
   */
  stdinOnce: boolean;
  /** The live log file; null: output is kept nowhere. */
  logPath: string | null;
  /** How the log is kept (see parseLogConfig); absent: the defaults. */
  logLimits?: LogLimits;
  /** A directory that {@link checkpointTask} has filled: the processes go on from there, at once. */
  restoreFrom?: string;
  /** Called when the runtime is at work, in processes of its own: the caller may now do something that takes long. */
  onBegun?: () => void;
}

/** The processes that were made. */
export interface CreatedTask {
  /** Of the container's first process, in the daemon's pid namespace. */
  pid: number;
  conmonPid: number;
}

/** A further process to be started in a running container. */
export interface ExecTaskRequest {
  containerId: string;
  /** 64 hex digits. */
  execId: string;
  process: OciProcess;
  tty: boolean;
  /** Standard input is a pipe (or the terminal) that {@link TaskIo.write} feeds; otherwise /dev/null. */
  stdin: boolean;
  /** Connect to the streams before the process begins, so that no output is missed. Otherwise output is dropped. */
  attach: boolean;
}

/** `pid` is in the daemon's pid namespace; `io` is null where `attach` was not asked for. */
export interface StartedExec {
  pid: number;
  io: TaskIo | null;
}

/** A client's hold on a task's streams. */
export interface TaskIo {
  /**
   * A terminal's output is all stream 1. Ends when the task's output has ended, or after {@link close}. To be read
   * once. A reader that stands still holds the task back.
   */
  readonly frames: AsyncIterable<Frame>;
  /**
   * Resolves when the monitor's socket has taken the data. Rejects where standard input is closed or the task has
   * ended.
   */
  write(data: Uint8Array): Promise<void>;
  /**
   * No more input from anyone: the process reads end-of-file. Does nothing with a terminal or where stdinOnce is false.
   */
  closeStdin(): void;
  /** Leaves. Output goes on without this client. */
  close(): void;
}
