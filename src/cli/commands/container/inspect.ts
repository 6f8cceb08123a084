import { inspectContainerRaw } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { printInspection } from "../../format/inspect.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {
    format: string(inspectFormatHelp, { short: "f" }),
    size: bool("Include sizes on disk", { short: "s" }),
  },
  async run(deps, names, { format, size }) {
    const client = await deps.client();
    return printInspection(deps, names, format, "container", (name) => inspectContainerRaw(client, name, size));
  },
});
