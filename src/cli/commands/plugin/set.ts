import { setPlugin } from "../../../client/plugins.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";

export default defineCommand({
  usage: "PLUGIN KEY=VALUE [KEY=VALUE...]",
  args: minArgs(2),
  flags: {},
  async run(deps, [name = "", ...settings]) {
    await setPlugin(await deps.client(), name, settings);
  },
});
