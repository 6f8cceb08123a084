import { errorMessage } from "../lib/errors.ts";
import type { CommandDeps } from "./deps.ts";
import { CliError } from "./errors.ts";

/** Does the same to each name, prints those that it worked for, and fails at the end with what did not work. */
export async function forEachName(
  { out }: CommandDeps,
  names: readonly string[],
  act: (name: string) => Promise<void>,
): Promise<void> {
  const errors: string[] = [];
  for (const name of names) {
    try {
      await act(name);
      out.write(`${name}\n`);
    } catch (error) {
      errors.push(errorMessage(error));
    }
  }
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}
