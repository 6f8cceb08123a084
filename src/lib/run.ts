import { closeSync, openSync } from "node:fs";
import { EngineError, errorMessage } from "./errors.ts";

/** How to run a program. `env` replaces the whole environment; `cwd` undefined: the engine's own folder. */
export interface RunOptions {
  /** Written to the child's standard input, which is then closed; default: no input. */
  input?: string | Uint8Array;
  env?: Record<string, string>;
  cwd?: string;
  /** Called with the child's process id before it can have ended. */
  started?: (pid: number) => void;
  /** Kills the child when aborted. */
  signal?: AbortSignal;
}

/** How a program ended and what it wrote, as UTF-8. */
export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a system program to its end and returns what it said. Throws `unavailable` where the program is missing. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  let child;
  try {
    child = Bun.spawn([...argv], {
      stdin: options.input === undefined ? "ignore" : Buffer.from(options.input),
      stdout: "pipe",
      stderr: "pipe",
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (cause) {
    throw new EngineError("unavailable", `cannot run ${argv[0]}: ${errorMessage(cause)}`, { cause });
  }
  options.started?.(child.pid);
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, stdout, stderr };
}

/** As {@link run}, but a non-zero exit is an `internal` error that carries the program's own words. */
export async function runOk(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv, options);
  if (exitCode !== 0) {
    throw new EngineError(
      "internal",
      `${argv[0]} ${argv[1] ?? ""}: exit ${exitCode}: ${stderr.trim() || stdout.trim()}`,
    );
  }
  return stdout;
}

/**
 * Sends a stream through a system program and gives what it writes. A non-zero exit is an `invalid` error with the
 * program's words.
 */
export async function* filter(
  argv: readonly [string, ...string[]],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const child = Bun.spawn([...argv], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const feeding = (async () => {
    for await (const chunk of source) {
      child.stdin.write(chunk);
      await child.stdin.flush();
    }
    await child.stdin.end();
  })();
  feeding.catch(() => child.kill());
  try {
    yield* child.stdout;
    const [stderr, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
    await feeding;
    if (exitCode !== 0) throw new EngineError("invalid", `${argv[0]}: ${stderr.trim() || `exit ${exitCode}`}`);
  } finally {
    child.kill();
  }
}

/**
 * Sends a stream through a program (`xz -dc`) and yields what comes out. Ends the program when the reader stops. Throws
 * `unavailable` where it is missing and `invalid` with its own words where it fails.
 */
export async function* filterThrough(
  argv: readonly [string, ...string[]],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let child;
  try {
    child = Bun.spawn([...argv], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  } catch (cause) {
    throw new EngineError("unavailable", `cannot run ${argv[0]}: ${errorMessage(cause)}`, { cause });
  }
  const { stdin, stdout, stderr } = child;
  const feed = async () => {
    for await (const chunk of source) {
      stdin.write(chunk);
      await stdin.flush();
    }
    await stdin.end();
  };
  try {
    const fed = feed();
    // A program that ended early broke the pipe: its exit code tells why.
    fed.catch(() => {});
    for await (const chunk of stdout) yield chunk;
    const exitCode = await child.exited;
    if (exitCode !== 0)
      throw new EngineError("invalid", `exit status ${exitCode}: ${(await stderr.text()).trim().split("\n")[0]}`);
    await fed;
  } finally {
    child.kill();
  }
}

/**
 * Starts a program that lives on when this process ends, in a session of its own; what it says goes to the end of a
 * file. Returns its process id. Throws `unavailable` where the program is missing.
 */
export function startDetached(
  argv: readonly [string, ...string[]],
  { cwd, log, env }: { cwd: string; log: string; env: Record<string, string> },
): number {
  const out = openSync(log, "a", 0o600);
  try {
    const child = Bun.spawn([...argv], { cwd, env, stdin: "ignore", stdout: out, stderr: out, detached: true });
    child.unref();
    return child.pid;
  } catch (cause) {
    throw new EngineError("unavailable", `cannot run ${argv[0]}: ${errorMessage(cause)}`, { cause });
  } finally {
    closeSync(out);
  }
}
