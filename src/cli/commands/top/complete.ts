import { anyArgs } from "../../args.ts";
import { type Command, defineCommand } from "../../command.ts";
import { complete, pluginCall } from "../../completion/complete.ts";
import { becomePlugin } from "../../plugins/run.ts";

const directives = { files: 0, nospace: 2, none: 4, directories: 16 } as const;

/**
 * What completion scripts call: `__complete -- word…` from our own, `__complete word…` from those of Docker's packages.
 * What belongs to a plugin, the plugin completes, in the same form.
 */
export function completeCommand(name: "__complete" | "__completeNoDesc"): Command {
  return defineCommand({
    usage: "[--] [WORD...]",
    args: anyArgs,
    verbatim: true,
    flags: {},
    async run(deps, given) {
      const words = given.length > 1 && given[0] === "--" ? given.slice(1) : given;
      const call = await pluginCall(deps, words);
      if (call) return becomePlugin(deps, call.plugin, [name, ...call.words]);
      const { candidates, also } = await complete(deps, words);
      for (const { value, help } of candidates)
        deps.out.write(name === "__complete" && help ? `${value}\t${help}\n` : `${value}\n`);
      deps.out.write(`:${directives[also]}\n`);
    },
  });
}
