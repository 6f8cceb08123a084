import { loadImages } from "../../../client/images.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string, stringSlice } from "../../flags/kinds.ts";
import { openInput } from "../../open-input.ts";
import { checkPlatform } from "../../platform.ts";
import { displayProgress } from "../../progress/display.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    input: string("Read from a file instead of standard input", { short: "i" }),
    platform: stringSlice('Load these platforms only, each "os[/arch[/variant]]"', { minApi: "1.48" }),
    quiet: bool("Show no progress", { short: "q" }),
  },
  async run(deps, _args, { input, quiet, platform }) {
    if (input === "" && deps.stdin.isTerminal) throw new CliError("requested load from stdin, but stdin is empty");
    const body = input === "" ? deps.stdin.stream() : await openInput(input);
    platform.forEach(checkPlatform);
    const messages = loadImages(await deps.client(), body, {
      quiet: quiet || !deps.out.isTerminal,
      platforms: platform,
    });
    await displayProgress(deps.out, messages);
  },
});
