import type { Client } from "../../../client/client.ts";
import { listContainers } from "../../../client/containers.ts";
import { listVolumes } from "../../../client/volumes.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { volumeFormat, volumeRow, volumeTitles } from "../../format/volumes.ts";
import { naturalOrder } from "../../natural-order.ts";

const usersTable = "table {{.Driver}}\t{{.Name}}\t{{.Containers}}";
const clusterTable = "table {{.Name}}\t{{.Group}}\t{{.Driver}}\t{{.Availability}}\t{{.Status}}";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    cluster: bool("Show cluster volumes only, with what matters of them", { minApi: "1.42" }),
    containers: bool("Show which containers have each volume"),
    filter: filter('Keep only what matches a condition ("dangling=true")'),
    format: string(formatHelp),
    quiet: bool("Print names only", { short: "q" }),
  },
  async run(deps, _args, { cluster, containers, filter, format, quiet }) {
    const client = await deps.client();
    const { Volumes } = await listVolumes(client, filter);
    const users = containers || format.includes(".Containers") ? await usersOf(client) : null;
    const volumes = (Volumes ?? [])
      .filter(({ ClusterVolume }) => !cluster || ClusterVolume)
      .sort((a, b) => naturalOrder(a.Name, b.Name));
    const usual = (!quiet && (await deps.config()).volumesFormat) || "table";
    const chosen = format || (containers && !quiet ? usersTable : usual);
    const source = cluster ? (quiet ? "table" : clusterTable) : chosen;
    deps.out.write(
      await printRows(
        volumeFormat(source, quiet),
        volumeTitles,
        volumes.map((volume) => volumeRow(volume, users ? (users.get(volume.Name) ?? []) : undefined)),
      ),
    );
  },
});

/** Names of the containers, running or not, that have each volume. */
async function usersOf(client: Client): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for (const { Names, Mounts } of await listContainers(client, { all: true })) {
    const name = Names?.[0]?.replace(/^\//, "") ?? "";
    const volumes = (Mounts ?? []).flatMap((mount) => (mount.Type === "volume" && mount.Name ? [mount.Name] : []));
    for (const volume of new Set(volumes)) users.set(volume, [...(users.get(volume) ?? []), name].sort());
  }
  return users;
}
