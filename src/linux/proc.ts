import { readFileSync } from "node:fs";
import { hasCode } from "../lib/errors.ts";

/** The parts of /proc/<pid>/stat that tell one process from another of the same number. */
export interface ProcessStat {
  /** One letter, see proc(5); `Z` has ended and waits for its parent. */
  state: string;
  parent: number;
  /** The process that leads its session. */
  session: number;
  /** Clock ticks since boot. */
  startTime: number;
}

/** Null where there is no such process. */
export function processStat(pid: number): ProcessStat | null {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return null;
    throw error;
  }
  // The name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  };
}

/** A process that still runs: neither gone nor a zombie, nor another of the same number where `startTime` is known. */
export function processRuns(pid: number, startTime?: number): boolean {
  const stat = processStat(pid);
  if (stat === null || stat.state === "Z" || stat.state === "X") return false;
  return startTime === undefined || stat.startTime === startTime;
}
