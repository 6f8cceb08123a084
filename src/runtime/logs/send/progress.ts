import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errorMessage, hasCode } from "../../../lib/errors.ts";
import type { LogPosition } from "../open-log.ts";
import type { BegunLines } from "./sent-line.ts";

/** How far a log is sent: all before `position` but for the lines that are begun. */
export interface Progress extends BegunLines {
  position: LogPosition;
}

const none: Progress = { position: { sequence: 0, offset: 0 }, held: {}, pieces: {} };

/** A note that a power failure has cut off counts as none: lines may come twice rather than never. */
export function readProgress(path: string): Progress {
  try {
    return { ...none, ...JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return none;
    throw new Error(`cannot read ${path}: ${errorMessage(error)}`, { cause: error });
  }
}

/** Replaces the note as a whole. */
export function writeProgress(path: string, progress: Progress): void {
  const partial = `${path}.part`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o710 });
  writeFileSync(partial, JSON.stringify(progress), { mode: 0o600 });
  renameSync(partial, path);
}
