import { saveImages } from "../../../client/images.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string, stringSlice } from "../../flags/kinds.ts";
import { checkPlatform } from "../../platform.ts";
import { checkOutput, writeAtomically, writeThrough } from "../../write-output.ts";

const failure = "failed to save image";

export default defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  args: minArgs(1),
  flags: {
    output: string("Write to a file instead of standard output", { short: "o" }),
    platform: stringSlice('Save these platforms only, each "os[/arch[/variant]]"', { minApi: "1.48" }),
  },
  async run(deps, names, { output, platform }) {
    platform.forEach(checkPlatform);
    if (output === "" && deps.out.isTerminal)
      throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    if (output !== "") await checkOutput(output, failure);
    const { body } = await saveImages(await deps.client(), names, platform);
    if (output === "") await writeThrough(deps.out, body);
    else await writeAtomically(output, body, failure);
  },
});
