import { EngineError, type ErrorKind } from "../lib/errors.ts";

/** A refusal of the runtime, in the words and with the exit code that Docker gives it. */
export class RuntimeError extends EngineError {
  constructor(
    kind: ErrorKind,
    message: string,
    /** What the container's or exec's state shows: 126 cannot be invoked, 127 not found, 128 anything else. */
    readonly exitCode: 126 | 127 | 128,
  ) {
    super(kind, message);
  }
}

/** Where the failing call stands, and what Docker puts before the cause. */
const prefixes = {
  create: "failed to create task for container: failed to create shim task: OCI runtime create failed: ",
  start: "failed to start task for container: OCI runtime start failed: ",
  exec: "OCI runtime exec failed: exec failed: ",
};

/**
 * Turns a runtime's complaint into Docker's. `command` is the first word of the process, which crun leaves
 * out of some messages. Texts are those of crun 1.8 to 1.20 and runc 1.1 to 1.2.
 */
export function runtimeError(verb: keyof typeof prefixes, complaint: string, command: string): RuntimeError {
  const cause = lastComplaint(complaint);
  // An empty name is found nowhere, though crun says that it may not be run.
  const missing = command === "" && /^exec.*permission denied|^open executable/i.test(cause) ? "" : findMissing(cause);
  const quoted = JSON.stringify(missing ?? command);
  const prefix = `${prefixes[verb]}unable to start container process: exec: ${quoted}: `;
  if (missing !== null) {
    const reason = missing.includes("/")
      ? `stat ${missing}: no such file or directory`
      : "executable file not found in $PATH";
    return new RuntimeError("invalid", `${prefix}${reason}`, 127);
  }
  if (
    /^open executable: (Operation not permitted|Permission denied|Is a directory)/i.test(cause) ||
    /^exec: ".*": permission denied/.test(cause)
  ) {
    return new RuntimeError("invalid", `${prefix}permission denied`, 126);
  }
  const message = `${prefixes[verb]}${cause || "the runtime ended without a word"}`;
  if (/no such file or directory/i.test(cause)) return new RuntimeError("invalid", lowerErrno(message), 127);
  if (/permission denied|is a directory/i.test(cause)) return new RuntimeError("invalid", lowerErrno(message), 126);
  if (/not a directory/i.test(cause)) {
    return new RuntimeError(
      "invalid",
      `${lowerErrno(message)}: Are you trying to mount a directory onto a file (or vice-versa)? Check if the ` +
        "specified host path exists and is the expected type",
      127,
    );
  }
  return new RuntimeError("internal", message, 128);
}

/** The program that was looked for and not found, in either runtime's words. */
function findMissing(cause: string): string | null {
  const crun = /executable file `(.+)` not found/.exec(cause);
  const runc = /exec: "(.*)": (?:executable file not found|stat .*no such file)/.exec(cause);
  return crun?.[1] ?? runc?.[1] ?? null;
}

/** CLIs look for Go's lower-case errno texts; crun says them as libc does. */
function lowerErrno(message: string): string {
  return message.replace(/(No such file or directory|Permission denied|Is a directory|Not a directory)/g, (text) =>
    text.toLowerCase(),
  );
}

/**
 * The cause out of what the runtime wrote: the message of runc's logfmt line; crun's line without timestamp and level.
 */
function lastComplaint(text: string): string {
  const lines = text
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "" && !/level=warning/.test(line));
  const line = (lines.findLast((candidate) => /level=(error|fatal)/.test(candidate)) ?? lines.at(-1) ?? "").trim();
  const logfmt = /msg=("(?:[^"\\]|\\.)*")/.exec(line);
  const message = logfmt?.[1] === undefined ? line : unquote(logfmt[1]);
  return message
    .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z?: /, "")
    .replace(/^runc (create|start|exec) failed: /, "")
    .replace(/^exec failed: /, "")
    .replace(/^unable to start container process: /, "")
    .replace(/^error during container init: /, "")
    .replace(/^container_linux\.go:\d+: starting container process caused: /, "");
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
