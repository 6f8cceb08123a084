import { cloneVolume } from "../../../client/volumes.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, list } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { checkLabel } from "../container/options/key-values.ts";

export default defineCommand({
  usage: "[OPTIONS] VOLUME NEW_VOLUME",
  args: exactArgs(2),
  long: `Make a volume with the content and the labels of another one

Both share their blocks where the filesystem can (XFS, Btrfs): then it takes a
moment and no space. Containers that use the volume stand still meanwhile.`,
  flags: {
    label: list("Set metadata", { parse: checkLabel }),
    pause: bool("Freeze running containers that have the volume meanwhile", { default: true }),
  },
  async run(deps, [volume = "", name = ""], { label, pause }) {
    const made = await cloneVolume(await deps.client(), volume, { Name: name, Labels: labelMap(label), Pause: pause });
    deps.out.write(`${made.Name}\n`);
  },
});
