import { killContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { eachContainer } from "./each.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: { signal: string("Signal to send, KILL where none is given", { short: "s" }) },
  async run(ctx, names, { signal }) {
    const client = await ctx.client();
    await eachContainer(ctx, names, (name) => killContainer(client, name, signal));
  },
});
