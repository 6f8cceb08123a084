/** The process's own streams and environment, at the least cost in start time. */
import type { Host, Input, Output } from "./context.ts";
import { isTerminal, terminalSize } from "./terminal/tty.ts";

export function processHost(): Host {
  return { env: process.env, out: fileOutput(1), err: fileOutput(2), stdin: standardInput() };
}

function fileOutput(fd: 1 | 2): Output {
  let sink: Bun.FileSink | undefined;
  let size: [number, number] | undefined;
  return {
    write(data) {
      if (data.length === 0) return;
      sink ??= Bun.file(fd).writer({ highWaterMark: 64 * 1024 });
      sink.write(data);
    },
    async flush() {
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
