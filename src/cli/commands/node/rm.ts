import { removeNode } from "../../../client/nodes.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";
import { forEachName } from "../../for-each.ts";

export default defineCommand({
  usage: "[OPTIONS] NODE [NODE...]",
  args: minArgs(1),
  flags: { force: bool("Remove a node even where it is not down", { short: "f" }) },
  async run(deps, names, { force }) {
    const client = await deps.client();
    await forEachName(deps, names, (name) => removeNode(client, name, force));
  },
});
