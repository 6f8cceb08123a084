/** The process's own streams and environment, at the least cost in start time. */
import type { Host, Input, Output } from "./context.ts";
import { isTerminal, terminalSize } from "./terminal/tty.ts";

export function processHost(): Host {
  return { env: process.env, out: fileOutput(1), err: fileOutput(2), stdin: standardInput() };
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
