import { listServices } from "../../../client/services.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { serviceFormat, serviceRow, serviceTitles } from "../../format/services.ts";
import { naturalOrder } from "../../natural-order.ts";
import { ofStack } from "../../stack/names.ts";
import { checkStackName, orchestrator } from "./flags.ts";

export default defineCommand({
  usage: "[OPTIONS] STACK",
  args: exactArgs(1),
  flags: {
    filter: filter('Keep only what matches a condition ("name=web")'),
    format: string(formatHelp),
    orchestrator,
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, [stack = ""], flags) {
    checkStackName(stack);
    const label = [...(flags.filter["label"] ?? []), ...ofStack(stack).label];
    const services = await listServices(await deps.client(), { ...flags.filter, label }, !flags.quiet);
    if (services.length === 0) {
      deps.err.write(`Nothing found in stack: ${stack}\n`);
      return;
    }
    const source = flags.format || (!flags.quiet && (await deps.config()).servicesFormat) || "table";
    services.sort((a, b) => naturalOrder(a.Spec?.Name ?? "", b.Spec?.Name ?? ""));
    deps.out.write(await printRows(serviceFormat(source, flags.quiet), serviceTitles, services.map(serviceRow)));
  },
});
