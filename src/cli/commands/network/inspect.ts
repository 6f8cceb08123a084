import { inspectNetworkRaw } from "../../../client/networks.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { printInspection } from "../../format/inspect.ts";

export default defineCommand({
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  args: minArgs(1),
  flags: {
    format: string(inspectFormatHelp, { short: "f" }),
    verbose: bool("Show what helps to find faults, too", { short: "v" }),
  },
  async run(deps, names, { format, verbose }) {
    const client = await deps.client();
    return printInspection(deps, names, format, "network", (name) => inspectNetworkRaw(client, name, { verbose }));
  },
});
