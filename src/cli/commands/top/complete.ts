import { anyArgs } from "../../args.ts";
import { type Command, defineCommand } from "../../command.ts";
import { complete } from "../../completion/complete.ts";

const directives = { files: 0, nospace: 2, none: 4, directories: 16 } as const;

/** What completion scripts call: `__complete -- word…`. */
export function completeCommand(withHelp: boolean): Command {
  return defineCommand({
    usage: "-- [WORD...]",
    args: anyArgs,
    interspersed: false,
    flags: {},
    async run(ctx, words) {
      const { candidates, also } = await complete(ctx, words);
      for (const { value, help } of candidates) ctx.out.write(withHelp && help ? `${value}\t${help}\n` : `${value}\n`);
      ctx.out.write(`:${directives[also]}\n`);
    },
  });
}
