import { cloneVolume } from "../../../client/volumes.ts";
import { compactTime } from "../../../lib/rfc3339.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, list } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";

export default defineCommand({
  usage: "[OPTIONS] VOLUME [SNAPSHOT]",
  args: rangeArgs(1, 2),
  long: `Keep a volume as it is now, in a volume of its own

Without a name for it, it is called after the volume and the time. It has the
label com.berth.volume.snapshot-of. Containers that use the volume stand still
meanwhile: the snapshot is of one moment, as after a crash of theirs.`,
  flags: {
    label: list("Set metadata", { parse: checkLabel }),
    pause: bool("Freeze running containers that have the volume meanwhile", { default: true }),
  },
  async run(deps, [volume = "", name = `${volume}-${compactTime()}`], { label, pause }) {
    const labels = { ...labelMap(label), "com.berth.volume.snapshot-of": volume };
    const made = await cloneVolume(await deps.client(), volume, { Name: name, Labels: labels, Pause: pause });
    deps.out.write(`${made.Name}\n`);
  },
});
