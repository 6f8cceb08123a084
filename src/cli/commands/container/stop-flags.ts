import type { StopOptions } from "../../../client/containers.ts";
import { CliError } from "../../errors.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { int, string } from "../../flags/kinds.ts";

/** What `stop` and `restart` share. */
export const stopFlags = {
  signal: string("Signal to send", { short: "s" }),
  timeout: int("Seconds to wait before the kill", { short: "t" }),
  time: int("Seconds to wait before the kill", { hidden: true, deprecated: "use --timeout instead" }),
};

/** The timeout is left to the container unless one was given. */
export function stopOptions(flags: FlagValues<typeof stopFlags>, changed: ReadonlySet<string>): StopOptions {
  if (changed.has("time") && changed.has("timeout"))
    throw new CliError("conflicting options: cannot specify both --timeout and --time");
  const timeout = changed.has("time") ? flags.time : changed.has("timeout") ? flags.timeout : undefined;
  return { signal: flags.signal, ...(timeout !== undefined && { timeout }) };
}
