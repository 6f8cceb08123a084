import { errorMessage } from "../../../lib/errors.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError, exitCodes, startExitCode } from "../../errors.ts";

/** A failure of `run` or `create` as docker words it, its exit code told from its text. */
export function startFailure({ command }: Pick<CommandDeps, "command">, error: unknown): CliError {
  if (error instanceof CliError && error.message === "") return error;
  const message = errorMessage(error);
  return new CliError(withHelp(command, message), startExitCode(message));
}

/** A command line that makes no container. */
export function usageFailure({ command }: Pick<CommandDeps, "command">, error: unknown): CliError {
  return new CliError(withHelp(command, errorMessage(error)), exitCodes.engine);
}

const withHelp = (command: string, message: string) =>
  `${command.split(" ")[0] ?? ""}: ${message}\n\nRun '${command} --help' for more information`;
