import { listServices } from "../../../client/services.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { serviceFormat, serviceRow, serviceTitles } from "../../format/services.ts";
import { naturalOrder } from "../../natural-order.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Keep only what matches a condition ("name=web")'),
    format: string(formatHelp),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, _args, flags) {
    const services = await listServices(await deps.client(), flags.filter, true);
    const source = flags.format || (!flags.quiet && (await deps.config()).servicesFormat) || "table";
    services.sort((a, b) => naturalOrder(a.Spec?.Name ?? "", b.Spec?.Name ?? ""));
    deps.out.write(await printRows(serviceFormat(source, flags.quiet), serviceTitles, services.map(serviceRow)));
  },
});
