import { inspectImageRaw } from "../../../client/images.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { printInspection } from "../../format/inspect.ts";
import { parsePlatform } from "../../platform.ts";

export default defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: minArgs(1),
  flags: {
    format: string(inspectFormatHelp, { short: "f" }),
    platform: string("Platform of a multi-platform image to look at, os[/arch[/variant]]", { minApi: "1.49" }),
  },
  async run(deps, names, flags) {
    if (flags.platform !== "") parsePlatform(flags.platform);
    const client = await deps.client();
    return printInspection(deps, names, flags.format, "image", (name) =>
      inspectImageRaw(client, name, { platform: flags.platform }),
    );
  },
});
