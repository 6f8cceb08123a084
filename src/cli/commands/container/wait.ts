import { waitContainer } from "../../../client/containers.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

export default defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {},
  async run(deps, names) {
    const client = await deps.client();
    const errors: string[] = [];
    for (const name of names) {
      try {
        const { StatusCode, Error: failure } = await (await waitContainer(client, name)).result;
        if (failure?.Message) errors.push(failure.Message);
        else deps.out.write(`${StatusCode}\n`);
        await deps.out.flush();
      } catch (error) {
        errors.push(errorMessage(error));
      }
    }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
