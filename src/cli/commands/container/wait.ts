import { waitContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

export default defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {},
  async run(ctx, names) {
    const client = await ctx.client();
    const errors: string[] = [];
    for (const name of names) {
      try {
        const { StatusCode, Error: failure } = await (await waitContainer(client, name)).result;
        if (failure?.Message) errors.push(failure.Message);
        else ctx.out.write(`${StatusCode}\n`);
        await ctx.out.flush();
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
