import { listConfigs } from "../../../client/configs.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { configFormat, configRow, configTitles } from "../../format/secrets.ts";
import { naturalOrder } from "../../natural-order.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Keep only what matches a condition ("name=key")'),
    format: string(formatHelp),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, _args, flags) {
    const configs = await listConfigs(await deps.client(), flags.filter);
    const source = flags.format || (!flags.quiet && (await deps.config()).configFormat) || "table";
    configs.sort((a, b) => naturalOrder(a.Spec?.Name ?? "", b.Spec?.Name ?? ""));
    deps.out.write(await printRows(configFormat(source, flags.quiet), configTitles, configs.map(configRow)));
  },
});
