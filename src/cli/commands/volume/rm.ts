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
  async run(deps, names, { force }) {
    const client = await deps.client();
    await forEachName(deps, names, (name) => removeVolume(client, name, force));
  },
});
