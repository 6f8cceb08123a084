import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";

/** A process with a terminal and our input needs ours to be one. */
export function checkTerminal({ stdin }: Pick<CommandContext, "stdin">, attachStdin: boolean, tty: boolean): void {
  if (attachStdin && tty && !stdin.isTerminal) throw new CliError("the input device is not a TTY");
}
