import { removeVolume } from "../../../client/volumes.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";
import { forEachName } from "../../for-each.ts";

export default defineCommand({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  args: minArgs(1),
  long: "Removes volumes. One that a container uses cannot be removed.",
  flags: { force: bool("Do not complain about a volume that does not exist", { short: "f", minApi: "1.25" }) },
  async run(ctx, names, { force }) {
    const client = await ctx.client();
    await forEachName(ctx, names, (name) => removeVolume(client, name, force));
  },
});
