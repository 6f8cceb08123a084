import { diskUsage } from "../../../client/system.ts";
import { isObject } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { type DiskUsageAnswer, readDiskUsage } from "../../disk-usage.ts";
import { bool, string } from "../../flags/kinds.ts";
import { diskUsageText, verboseDiskUsage } from "../../format/disk-usage.ts";
import { formatHelp } from "../../format/help.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    format: string(formatHelp),
    verbose: bool("Show every image, container, volume and piece of build cache", { short: "v" }),
  },
  async run(deps, _args, { format, verbose }) {
    const answer = await diskUsage(await deps.client(), { verbose });
    const parts: DiskUsageAnswer = isObject(answer) ? answer : {};
    const usage = readDiskUsage(parts);
    deps.out.write(
      await (verbose ? verboseDiskUsage(usage, format || "table") : diskUsageText(usage, format || "table")),
    );
  },
});
