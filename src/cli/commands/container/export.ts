import { exportContainer } from "../../../client/containers.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { writeAtomically, writeThrough } from "../../write-output.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER",
  args: exactArgs(1),
  flags: { output: string("Write to this file, not to standard output", { short: "o" }) },
  async run(ctx, [container = ""], { output }) {
    if (output === "" && ctx.out.isTerminal) throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    const { body } = await exportContainer(await ctx.client(), container);
    await (output === "" ? writeThrough(ctx.out, body) : writeAtomically(output, body, "failed to export container"));
  },
});
