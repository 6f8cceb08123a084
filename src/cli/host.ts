/** The process's own streams and environment, at the least cost in start time. */
import type { Host, Input, Output } from "./deps.ts";
import { exitCodes } from "./errors.ts";
import { systemWords } from "./files.ts";
import { isTerminal, terminalSize } from "./terminal/tty.ts";

/** `invoked`: the program as it was called. */
export function processHost(invoked: string): Host {
  const [out, err] = [fileOutput(1), fileOutput(2)];
  return {
    env: process.env,
    out,
    err,
    invoked,
    stdin: standardInput(),
    async become(path, argv, env) {
      await Promise.all([out.flush(), err.flush()]);
      const given = Object.entries(env).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      // Bun ignores these, which a program inherits; a signal that has a handler is its default again there.
      for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => {});
      try {
        process.execve?.(path, [path, ...argv], Object.fromEntries(given));
      } catch (error) {
        err.write(`fork/exec ${path}: ${systemWords(error)}\n`);
      }
      return exitCodes.failure;
    },
  };
}

function fileOutput(fd: 1 | 2): Output {
  let sink: Bun.FileSink | undefined;
  let size: [number, number] | undefined;
  let failure: unknown;
  return {
    write(data) {
      if (data.length === 0 || failure) return;
      sink ??= Bun.file(fd).writer({ highWaterMark: 64 * 1024 });
      // A write that fills the buffer flushes by itself; its failure is the next flush's to tell.
      const flushing: unknown = sink.write(data);
      if (flushing instanceof Promise) flushing.catch((error: unknown) => (failure ??= error));
    },
    async flush() {
      if (failure) throw failure;
      await sink?.flush();
    },
    get isTerminal() {
      return isTerminal(fd);
    },
    size() {
      if (size) return size;
      process.on("SIGWINCH", () => (size = terminalSize(fd)));
      return (size = terminalSize(fd));
    },
  };
}

function standardInput(): Input {
  return {
    get isTerminal() {
      return isTerminal(0);
    },
    stream: () => Bun.stdin.stream(),
  };
}
