import { renameContainer } from "../../../client/containers.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

export default defineCommand({
  usage: "CONTAINER NEW_NAME",
  args: exactArgs(2),
  flags: {},
  async run(ctx, [container = "", name = ""]) {
    if (container.trim() === "" || name.trim() === "") throw new CliError("Error: Neither old nor new names may be empty");
    await renameContainer(await ctx.client(), container.trim(), name.trim());
  },
});
