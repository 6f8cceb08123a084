import type { CommandDeps } from "../deps.ts";
import { CliError } from "../errors.ts";

/** A process with a terminal and our input needs ours to be one. */
export function checkTerminal({ stdin }: Pick<CommandDeps, "stdin">, attachStdin: boolean, tty: boolean): void {
  if (attachStdin && tty && !stdin.isTerminal) throw new CliError("the input device is not a TTY");
}
