import { newId } from "../../../lib/ids.ts";
import { buildExecProcess } from "../../../runtime/bundle/exec-process.ts";
import { execTask } from "../../../runtime/exec.ts";
import { watchExits } from "../../../runtime/exits.ts";
import { killExec, killTask, signalExec } from "../../../runtime/kill.ts";
import { resizeExec, resizeTask } from "../../../runtime/resize.ts";
import { startTask } from "../../../runtime/start.ts";
import type { Frame, TaskIo } from "../../../runtime/types.ts";
import type { BuilderDeps } from "../../deps.ts";
import { openSandbox, type Sandbox, type SandboxRequest, type SandboxStreams } from "../../steps/sandbox.ts";

/** A process of a frontend's container. */
export interface ContainerProcess {
  /** What it writes; a terminal's output is all of stream 1. To be read once, to its end. */
  readonly frames: AsyncIterable<Frame>;
  write(data: Uint8Array): Promise<void>;
  closeInput(): void;
  resize(columns: number, rows: number): Promise<void>;
  signal(number: number): Promise<void>;
  /** It and what it has started. */
  kill(): Promise<void>;
  readonly exited: Promise<number>;
}

/** Runs the first process of a container, which lives as long as that. */
export async function runFirst(
  deps: BuilderDeps,
  request: SandboxRequest,
  streams: SandboxStreams,
  undo: AsyncDisposableStack,
): Promise<{ sandbox: Sandbox; process: ContainerProcess }> {
  const sandbox = await openSandbox(deps, request, streams, undo);
  const { id, io, exited } = sandbox;
  await startTask(deps.runtime, id);
  const process = {
    ...streamsOf(io),
    resize: (columns: number, rows: number) => resizeTask(deps.runtime, id, columns, rows),
    signal: (number: number) => killTask(deps.runtime, id, number),
    kill: () => killTask(deps.runtime, id, 9, { all: true }),
    exited,
  };
  return { sandbox, process };
}

/** Runs a further process beside the first. */
export async function runBeside(
  deps: BuilderDeps,
  { id, spec }: Sandbox,
  { rootfs, argv, env, cwd, user, insecure, hostname = "" }: SandboxRequest,
  { tty, stdin }: SandboxStreams,
  undo: AsyncDisposableStack,
): Promise<ContainerProcess> {
  const { runtime } = deps;
  const execId = newId();
  const { promise: exited, resolve: exit } = Promise.withResolvers<number>();
  undo.use(
    watchExits(runtime, (ended) => {
      if (ended.id === execId) exit(ended.exitCode);
    }),
  );
  const process = buildExecProcess({
    container: spec.process,
    rootfs,
    args: argv,
    containerEnv: [],
    env: ["HOSTNAME", ...env],
    hostname,
    user,
    groupAdd: [],
    workdir: cwd,
    tty,
    privileged: insecure,
    available: deps.facts.capabilities,
  });
  const { pid, io } = await execTask(runtime, { containerId: id, execId, process, tty, stdin, attach: true });
  if (!io) throw new Error("an exec that is attached to has streams");
  undo.defer(() => io.close());
  return {
    ...streamsOf(io),
    resize: (columns, rows) => resizeExec(runtime, id, execId, columns, rows),
    signal: async (number) => void signalExec(runtime, id, pid, number),
    kill: async () => killExec(runtime, id, pid),
    exited,
  };
}

function streamsOf(io: TaskIo): Pick<ContainerProcess, "frames" | "write" | "closeInput"> {
  return { frames: io.frames, write: (data) => io.write(data), closeInput: () => io.closeStdin() };
}
