/** Joins the user's terminal or pipes with the streams of an attached process. */
import { FrameDecoder } from "../../api/stdcopy.ts";
import type { Hijacked } from "../../client/client.ts";
import type { CommandDeps } from "../deps.ts";
import { DetachScanner } from "./detach-keys.ts";
import { makeRaw } from "./tty.ts";

export interface SessionOptions {
  /** The process has a terminal: its output is one raw stream. */
  tty: boolean;
  /** Pass our standard input on. */
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  detachKeys: readonly number[];
}

export interface Session {
  /** "ended" when the process's output has ended, "detached" when the user left. Rejects where the connection broke. */
  done: Promise<"ended" | "detached">;
  /** Leaves; puts the terminal back. */
  close(): void;
}

/** Starts to copy in both directions. With a terminal on both sides ours is raw until the session is done. */
export function startSession(
  deps: Pick<CommandDeps, "out" | "err" | "stdin">,
  stream: Hijacked,
  options: SessionOptions,
): Session {
  const restore = options.tty && options.stdin && deps.stdin.isTerminal ? makeRaw(0) : () => {};
  const detached = options.stdin ? sendInput(deps, stream, options, restore) : new Promise<never>(() => {});
  const ended = receiveOutput(deps, stream, options).then(() => "ended" as const);
  const done = Promise.race([ended, detached]).finally(restore);
  // Whoever started the session may still be busy with the start when it breaks.
  done.catch(() => {});
  return {
    done,
    close() {
      restore();
      stream.close();
    },
  };
}

/** Resolves when the detach keys are typed; otherwise never, since the output decides when all is over. */
async function sendInput(
  { stdin }: Pick<CommandDeps, "stdin">,
  stream: Hijacked,
  { tty, detachKeys }: SessionOptions,
  restore: () => void,
): Promise<"detached"> {
  const scanner = tty && stdin.isTerminal ? new DetachScanner(detachKeys) : null;
  try {
    for await (const chunk of stdin.stream()) {
      const { pass, detached } = scanner?.push(chunk) ?? { pass: chunk, detached: false };
      await stream.write(pass);
      if (!detached) continue;
      restore();
      return "detached";
    }
    stream.end();
  } catch {
    // The process has closed its side; its output ends too.
  }
  return new Promise<never>(() => {});
}

async function receiveOutput(
  { out, err }: Pick<CommandDeps, "out" | "err">,
  stream: Hijacked,
  { tty, stdout, stderr }: SessionOptions,
): Promise<void> {
  const decoder = tty ? null : new FrameDecoder();
  for await (const chunk of stream.frames) {
    if (!decoder) {
      if (stdout || stderr) {
        out.write(chunk);
        await out.flush();
      }
      continue;
    }
    for (const { stream: number, data } of decoder.push(chunk)) {
      if (number === 1 && stdout) out.write(data);
      else if (number === 2 && stderr) {
        // In the order they came, as far as two streams can be.
        await out.flush();
        err.write(data);
        await err.flush();
      }
    }
    await out.flush();
  }
}
