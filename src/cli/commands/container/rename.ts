import { renameContainer } from "../../../client/containers.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";

export default defineCommand({
  usage: "CONTAINER NEW_NAME",
  args: exactArgs(2),
  flags: {},
  async run(deps, [container = "", name = ""]) {
    if (container.trim() === "" || name.trim() === "")
      throw new CliError("Error: Neither old nor new names may be empty");
    try {
      await renameContainer(await deps.client(), container.trim(), name.trim());
    } catch (error) {
      deps.err.write(`${errorMessage(error)}\n`);
      throw new CliError(`Error: failed to rename container named ${container.trim()}`);
    }
  },
});
