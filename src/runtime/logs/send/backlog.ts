import { statSync } from "node:fs";
import { logFiles } from "../files.ts";
import type { LogLimits } from "../limits.ts";
import type { LogPosition } from "../open-log.ts";

/** Bytes of a log from a position to its end; a compressed file counts with the size at which files are put aside. */
export function backlog(path: string, from: LogPosition, { maxSize }: LogLimits): number {
  let total = 0;
  for (const file of logFiles(path)) {
    if (file.sequence < from.sequence) continue;
    const size = file.compressed ? (maxSize ?? 0) : (statSync(file.path, { throwIfNoEntry: false })?.size ?? 0);
    total += Math.max(0, size - (file.sequence === from.sequence ? from.offset : 0));
  }
  return total;
}
