import { removePlugin } from "../../../client/plugins.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";
import { forEachName } from "../../for-each.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN [PLUGIN...]",
  args: minArgs(1),
  flags: { force: bool("Remove even a plugin that is on", { short: "f" }) },
  async run(deps, names, { force }) {
    const client = await deps.client();
    await forEachName(deps, names, (name) => removePlugin(client, name, force));
  },
});
