import { disablePlugin } from "../../../client/plugins.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN",
  args: exactArgs(1),
  flags: { force: bool("Turn off even a plugin in use", { short: "f" }) },
  async run(deps, [name = ""], { force }) {
    await disablePlugin(await deps.client(), name, force);
    deps.out.write(`${name}\n`);
  },
});
