import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { conflict, hasCode } from "../lib/errors.ts";

/** First word of a line: what conmon shall do. Two numbers follow. */
export const WINDOW_RESIZE = 1;
/** First word of a line: conmon shall close its log file and open it anew. */
export const REOPEN_LOG = 2;

/** Writes a line to a monitor's control fifo; without a reader there the process has ended, which is a conflict. */
export async function control(dir: string, line: string): Promise<void> {
  try {
    await using fifo = await open(join(dir, "ctl"), constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.write(`${line}\n`);
  } catch (error) {
    if (hasCode(error, "ENXIO", "ENOENT", "EPIPE")) throw conflict("the process has ended", error);
    throw error;
  }
}
