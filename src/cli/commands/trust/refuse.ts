import type { ArgsCheck } from "../../args.ts";
import { type Command, defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { Flags } from "../../flags/flag.ts";
import { trustUnsupported } from "../../trust.ts";

/** A command of content trust: takes docker's flags, and says that there is none. */
export function trustCommand(usage: string, args: ArgsCheck, flags: Flags): Command {
  return defineCommand({
    usage,
    args,
    flags,
    async run() {
      throw new CliError(trustUnsupported);
    },
  });
}
