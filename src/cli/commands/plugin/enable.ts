import { enablePlugin } from "../../../client/plugins.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { int } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN",
  args: exactArgs(1),
  flags: { timeout: int("Seconds to wait for the plugin's answers", { default: 30 }) },
  async run(deps, [name = ""], { timeout }) {
    if (timeout < 0) throw new CliError(`negative timeout ${timeout} is invalid`);
    await enablePlugin(await deps.client(), name, timeout);
    deps.out.write(`${name}\n`);
  },
});
