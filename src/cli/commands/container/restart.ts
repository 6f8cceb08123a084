import { restartContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { eachContainer } from "./each.ts";
import { stopFlags, stopOptions } from "./stop-flags.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: stopFlags,
  async run(deps, names, flags) {
    const options = stopOptions(flags, deps.changed);
    const client = await deps.client();
    await eachContainer(deps, names, (name) => restartContainer(client, name, options), { parallel: 1 });
  },
});
