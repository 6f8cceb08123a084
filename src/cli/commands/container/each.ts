import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";

/**
 * Does something to each container, at most `parallel` at a time, and prints the names of those it was done to in
 * the order given. Failures are collected and end the command together; those that `forgive` accepts are passed over.
 */
export async function eachContainer(
  deps: CommandDeps,
  names: readonly string[],
  act: (name: string) => Promise<void>,
  { parallel = 50, forgive = () => false }: { parallel?: number; forgive?: (error: unknown) => boolean } = {},
): Promise<void> {
  const errors: string[] = [];
  for (let from = 0; from < names.length; from += parallel) {
    const batch = names.slice(from, from + parallel);
    const results = await Promise.allSettled(batch.map(act));
    results.forEach((result, i) => {
      if (result.status === "fulfilled") deps.out.write(`${batch[i] ?? ""}\n`);
      else if (!forgive(result.reason))
        errors.push(result.reason instanceof Error ? result.reason.message : String(result.reason));
    });
    await deps.out.flush();
  }
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}
