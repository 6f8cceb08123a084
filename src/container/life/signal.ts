import { invalid } from "../../lib/errors.ts";
import { own } from "../../lib/own.ts";

/** Signals of Linux (x86-64 and arm64) by name without `SIG`. */
const signals: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
  RTMIN: 34,
  RTMAX: 64,
};

/** The signal's number, the same on every architecture of Linux. */
export const SIGKILL = 9;
/** The signal's number, the same on every architecture of Linux. */
export const SIGTERM = 15;

/** A number, a name with or without `SIG`, `RTMIN+n`, `RTMAX-n`. Throws `invalid`: `invalid signal: x`. */
export function parseSignal(text: string): number {
  if (/^-?\d+$/.test(text)) {
    const number = Number(text);
    if (number < 1 || number > 64) throw invalid(`invalid signal: ${text}`);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const plain = own(signals, name);
  if (plain !== undefined) return plain;
  const realtime = /^(RTMIN\+|RTMAX-)(\d{1,2})$/.exec(name);
  const offset = Number(realtime?.[2]);
  const number = realtime?.[1] === "RTMIN+" ? 34 + offset : 64 - offset;
  if (!realtime || number < 34 || number > 64 || offset > (realtime[1] === "RTMIN+" ? 15 : 14))
    throw invalid(`invalid signal: ${text}`);
  return number;
}

/**
 * As {@link parseSignal}, for a signal that is to be sent: numbers that are no signal of Linux, or the C library's own,
 * are told apart.
 */
export function parseSentSignal(text: string): number {
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : 0;
  if (number < 0 || number > 64 || number === 32 || number === 33)
    throw invalid(`the linux daemon does not support signal ${number}`);
  return parseSignal(text);
}
