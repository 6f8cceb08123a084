import { createReadStream } from "node:fs";
import { decodeJsonLines } from "../../api/json-lines.ts";
import type { LogLine } from "../../container/logs/write-log.ts";
import { decompress } from "../../lib/decompress.ts";

/** The lines of log files of the driver json-file. What is no line of such a log ends its file. */
export async function* readLogs(files: readonly string[]): AsyncGenerator<LogLine> {
  for (const file of files) {
    const chunks = createReadStream(file, { highWaterMark: 1 << 18 });
    const lines = decodeJsonLines(decompress(chunks, file.endsWith(".gz") ? "gzip" : "none"));
    try {
      for await (const line of lines) {
        const { log, stream, time } = Object(line);
        if (typeof log !== "string" || typeof time !== "string") break;
        yield { stream: stream === "stderr" ? "stderr" : "stdout", time, text: log };
      }
    } catch (error) {
      // The last line may have been cut off.
      if (!(error instanceof Error) || error.name === "AbortError") throw error;
    }
  }
}
