import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { usageFailure } from "./failure.ts";
import { bodyOf, newContainer } from "./new-container.ts";
import { createFlags } from "./options/flags.ts";

export default defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: minArgs(1),
  interspersed: false,
  flags: createFlags,
  async run(ctx, args, flags) {
    const body = await bodyOf(ctx, args, flags).catch((error: unknown) => {
      throw usageFailure(ctx, error);
    });
    ctx.out.write(`${await newContainer(ctx, await ctx.client(), body, flags)}\n`);
  },
});
