import { listNodes } from "../../../client/nodes.ts";
import { engineInfo } from "../../../client/system.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { nodeFormat, nodeRow, nodeTitles } from "../../format/nodes.ts";
import { printRows } from "../../format/print-rows.ts";
import { naturalOrder } from "../../natural-order.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Keep only what matches a condition ("role=manager")'),
    format: string(formatHelp),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, _args, flags) {
    const client = await deps.client();
    const nodes = await listNodes(client, flags.filter);
    const self = nodes.length > 0 && !flags.quiet ? await engineInfo(client) : undefined;
    const source = flags.format || (!flags.quiet && (await deps.config()).nodesFormat) || "table";
    nodes.sort((a, b) => naturalOrder(a.Description?.Hostname ?? "", b.Description?.Hostname ?? ""));
    const rows = nodes.map((node) => nodeRow(node, self?.Swarm));
    deps.out.write(await printRows(nodeFormat(source, flags.quiet), nodeTitles, rows));
  },
});
