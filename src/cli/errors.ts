/**
 * How a command ends badly. The one home of exit codes:
 * the container's own code · 125 berth or the daemon failed (also unknown flags) · 126 the command cannot be
 * invoked · 127 it was not found · 128 + a signal's number where it ended us · 1 everything else.
 */
export const exitCodes = { failure: 1, engine: 125, notInvocable: 126, notFound: 127, brokenPipe: 141 } as const;

/** A failure with an exit code of its own; an empty message prints nothing. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.failure,
  ) {
    super(message);
  }
}

/** The command line asks for nothing: the command's help says what it could. */
export class HelpWanted extends Error {}

/** The exit code for a start that the daemon refused, from its words (docker's rule for `run` and `start`). */
export function startExitCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/i.test(message))
    return exitCodes.notFound;
  if (/permission denied|is a directory|exec format error|syscall\.EACCES/i.test(message))
    return exitCodes.notInvocable;
  return exitCodes.engine;
}

/**
 * A message as the program says it by the name that it was called by: those who call `docker` look for Docker's words.
 */
export function worded(message: string, program: string): string {
  return program === "docker"
    ? message.replace("the Berth daemon", "the Docker daemon").replace("the berth daemon", "the docker daemon")
    : message;
}
