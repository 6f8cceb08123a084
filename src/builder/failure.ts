import { errorMessage } from "../lib/errors.ts";
import { DockerfileError, type Range } from "./dockerfile/source.ts";
import { RunFailed } from "./steps/run-failed.ts";

/** Why a build failed, in parts: for clients that draw the place themselves. */
export interface Failure {
  message: string;
  /** Where in the Dockerfile. */
  range?: Range;
  /** Of the command that failed. */
  exitCode?: number;
}

/** Takes what a build rejected with apart. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RunFailed) {
    const { command, exitCode, range } = error;
    return { message: new RunFailed(command, exitCode, range).message, range, exitCode };
  }
  const cause = error instanceof Error && error.cause instanceof DockerfileError ? error.cause : error;
  if (!(cause instanceof DockerfileError)) return { message: errorMessage(error) };
  return { message: cause.message, range: cause.range };
}
