import { importVolume } from "../../../client/volumes.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { list, map } from "../../flags/kinds.ts";
import { labelMap } from "../../labels.ts";
import { openInput } from "../../open-input.ts";
import { checkLabel } from "../container/options/key-values.ts";

export default defineCommand({
  usage: "[OPTIONS] VOLUME [FILE|-]",
  args: rangeArgs(1, 2),
  long: `Make a volume of a tar archive

The archive may be compressed (gzip, zstd, bzip2, xz). Without a file it is read
from standard input. The volume is there whole or not at all.`,
  flags: {
    label: list("Set metadata", { parse: checkLabel }),
    opt: map("Option for the volume's driver", { short: "o" }),
  },
  async run(deps, [volume = "", file = "-"], { label, opt }) {
    if (file === "-" && deps.stdin.isTerminal)
      throw new CliError("requested load from stdin, but stdin is empty: name a file or redirect");
    const archive = file === "-" ? deps.stdin.stream() : await openInput(file);
    const made = await importVolume(
      await deps.client(),
      { name: volume, labels: labelMap(label), options: opt },
      archive,
    );
    deps.out.write(`${made.Name}\n`);
  },
});
