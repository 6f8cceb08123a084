import { removeService } from "../../../client/services.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { forEachName } from "../../for-each.ts";

export default defineCommand({
  usage: "SERVICE [SERVICE...]",
  args: minArgs(1),
  flags: {},
  async run(deps, names) {
    const client = await deps.client();
    await forEachName(deps, names, (name) => removeService(client, name));
  },
});
