import { inspectPluginRaw } from "../../../client/plugins.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { printInspection } from "../../format/inspect.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN [PLUGIN...]",
  args: minArgs(1),
  flags: { format: string(inspectFormatHelp, { short: "f" }) },
  async run(deps, names, { format }) {
    const client = await deps.client();
    return printInspection(deps, names, format, "plugin", (name) => inspectPluginRaw(client, name));
  },
});
