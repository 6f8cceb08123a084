import { listVolumes } from "../../../client/volumes.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { volumeFormat, volumeRow, volumeTitles } from "../../format/volumes.ts";
import { naturalOrder } from "../../natural-order.ts";

const clusterTable = "table {{.Name}}\t{{.Group}}\t{{.Driver}}\t{{.Availability}}\t{{.Status}}";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    cluster: bool("Show cluster volumes only, with what matters of them", { minApi: "1.42" }),
    filter: filter('Keep only what matches a condition ("dangling=true")'),
    format: string(formatHelp),
    quiet: bool("Print names only", { short: "q" }),
  },
  async run(deps, _args, { cluster, filter, format, quiet }) {
    const { Volumes } = await listVolumes(await deps.client(), filter);
    const volumes = (Volumes ?? [])
      .filter(({ ClusterVolume }) => !cluster || ClusterVolume)
      .sort((a, b) => naturalOrder(a.Name, b.Name));
    const usual = (!quiet && (await deps.config()).volumesFormat) || "table";
    const source = cluster ? (quiet ? "table" : clusterTable) : format || usual;
    deps.out.write(await printRows(volumeFormat(source, quiet), volumeTitles, volumes.map(volumeRow)));
  },
});
