import { unpauseContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { eachContainer } from "./each.ts";

export default defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {},
  async run(ctx, names) {
    const client = await ctx.client();
    await eachContainer(ctx, names, (name) => unpauseContainer(client, name));
  },
});
