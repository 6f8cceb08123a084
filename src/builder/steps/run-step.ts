import { cancelled } from "../../lib/errors.ts";
import { killTask } from "../../runtime/kill.ts";
import { startTask } from "../../runtime/start.ts";
import type { BuilderDeps } from "../deps.ts";
import { openSandbox, type SandboxRequest } from "./sandbox.ts";

/** What a RUN needs to run. `output`: 1 is standard output, 2 standard error. */
export interface RunRequest extends SandboxRequest {
  /** Writes what the command reads from its standard input; absent: that has none. */
  input?: RunInput;
  /** Told the sandbox's id. */
  begin: (id: string) => void;
  output: (stream: 1 | 2, data: Uint8Array) => Promise<void>;
  signal: AbortSignal;
}

/** Told, once the command is about to start, how to write to its standard input and to end that. */
export type RunInput = (input: { write: (data: Uint8Array) => Promise<void>; end: () => void }) => void;

/**
 * Runs a command in the sandbox that containers have, upon a root filesystem that stays as the command leaves it.
 * Returns the exit code. Whatever happens, nothing of the sandbox stays.
 */
export async function runStep(deps: BuilderDeps, request: RunRequest): Promise<number> {
  await using undo = new AsyncDisposableStack();
  const streams = { tty: false, stdin: request.input !== undefined };
  const { id, io, exited } = await openSandbox(deps, request, streams, undo);
  const kill = () => void killTask(deps.runtime, id, 9, { all: true }).catch(() => {});
  request.signal.addEventListener("abort", kill, { once: true });
  undo.defer(() => request.signal.removeEventListener("abort", kill));
  request.signal.throwIfAborted();
  request.begin(id);
  request.input?.({ write: (data) => io.write(data), end: () => io.closeStdin() });
  await startTask(deps.runtime, id);
  for await (const { stream, data } of io.frames) await request.output(stream, data);
  const exitCode = await exited;
  if (request.signal.aborted) throw cancelled("the build was cancelled");
  return exitCode;
}
