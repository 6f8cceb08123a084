import { stopContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { eachContainer } from "./each.ts";
import { stopFlags, stopOptions } from "./stop-flags.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: stopFlags,
  async run(ctx, names, flags) {
    const options = stopOptions(flags, ctx.changed);
    const client = await ctx.client();
    await eachContainer(ctx, names, (name) => stopContainer(client, name, options));
  },
});
