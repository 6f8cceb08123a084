import { exportVolume } from "../../../client/volumes.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { checkOutput, writeAtomically, writeThrough } from "../../write-output.ts";

const failure = "failed to export volume";

export default defineCommand({
  usage: "[OPTIONS] VOLUME",
  args: exactArgs(1),
  long: `Write a volume's content as a tar archive

Owners, times, extended attributes, hard links and holes are kept. What containers
write meanwhile may be half in it: export a snapshot where that matters.`,
  flags: { output: string("Write to this file, not to standard output", { short: "o" }) },
  async run(deps, [volume = ""], { output }) {
    if (output === "" && deps.out.isTerminal)
      throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    if (output !== "") await checkOutput(output, failure);
    const { body } = await exportVolume(await deps.client(), volume);
    await (output === "" ? writeThrough(deps.out, body) : writeAtomically(output, body, failure));
  },
});
