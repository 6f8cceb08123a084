import type { Output } from "../deps.ts";
import { humanSize } from "../format/units.ts";

const interval = 75;

export interface CopyProgress {
  /** The stream, its bytes counted. */
  count(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** Wipes the line and says what was copied; `content` is the size of the files where it is known. */
  finish(content: number | null, destination: string): Promise<void>;
}

/** Shows how much was copied: a line that counts while it stands on a terminal, and one that sums up in the end. */
export function showCopyProgress(err: Output, header: string): CopyProgress {
  let total = 0;
  let shown = -1;
  const draw = () => {
    if (total === shown) return;
    shown = total;
    err.write(`\r${header}${humanSize(total, 3)}\x1b[K`);
    void err.flush();
  };
  const timer = err.isTerminal ? setInterval(draw, interval) : undefined;
  return {
    async *count(chunks) {
      for await (const chunk of chunks) {
        total += chunk.length;
        yield chunk;
      }
    },
    async finish(content, destination) {
      clearInterval(timer);
      if (err.isTerminal) err.write("\r\x1b[K");
      const size = content ?? total;
      const transferred = size === total ? "" : ` (transferred ${humanSize(total, 3)})`;
      err.write(`Successfully copied ${humanSize(size, 3)}${transferred} to ${destination}\n`);
      await err.flush();
    },
  };
}
