import type { Volume } from "../../../api/types/volume.ts";
import { inspectVolumeRaw, updateVolume } from "../../../client/volumes.ts";
import { decodeJson } from "../../../lib/parse-json.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { oneOf } from "../../flags/one-of.ts";

export default defineCommand({
  usage: "[OPTIONS] [VOLUME]",
  args: exactArgs(1),
  flags: {
    availability: oneOf(
      ["active", "pause", "drain"],
      'Availability of the cluster volume ("active", "pause", "drain")',
      { default: "active", minApi: "1.42" },
    ),
  },
  async run(deps, [name = ""], { availability }) {
    const client = await deps.client();
    const { ClusterVolume: cluster }: Volume = decodeJson(await inspectVolumeRaw(client, name));
    if (!cluster) throw new CliError("can only update cluster volumes");
    const spec = { ...cluster.Spec, ...(deps.changed.has("availability") && { Availability: availability }) };
    await updateVolume(client, cluster.ID ?? "", cluster.Version?.Index ?? 0, spec);
  },
});
