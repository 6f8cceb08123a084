import { checkNetworks } from "../../../client/networks.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { checkFlags, printCheck } from "../../format/check.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: checkFlags,
  async run(deps, _args, flags) {
    await printCheck(deps, await checkNetworks(await deps.client(), flags), flags);
  },
});
