import { noArgs } from "../../args.ts";
import { type Command, defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";

/**
 * A command that writes a shell's script. The scripts know no command themselves: at each completion they ask the
 * program (`__complete -- word…`), which answers a line for each candidate (`value`, tab, description) and at the
 * end `:` with cobra's number of what else the shell is to do (0 files, 2 no space, 4 nothing, 16 directories).
 */
export function scriptCommand(
  long: (program: string) => string,
  text: (complete: "__complete" | "__completeNoDesc", program: string, name: string) => string,
): Command {
  return defineCommand({
    usage: "[flags]",
    args: noArgs,
    long,
    flags: { "no-descriptions": bool("Leave descriptions out") },
    async run(deps, _args, flags) {
      const complete = flags["no-descriptions"] === true ? "__completeNoDesc" : "__complete";
      // For the program by the name that it was called by; functions of a shell have plainer names.
      deps.out.write(text(complete, deps.program, deps.program.replaceAll(/\W/g, "_")));
    },
  });
}
