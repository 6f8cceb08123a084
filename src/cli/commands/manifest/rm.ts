import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { manifestReference } from "../../manifest/open-registry.ts";
import { needList, removeList } from "../../manifest/store.ts";

export default defineCommand({
  usage: "MANIFEST_LIST [MANIFEST_LIST...]",
  args: minArgs(1),
  flags: {},
  async run(deps, names) {
    const errors: string[] = [];
    for (const name of names) {
      try {
        const list = manifestReference(name);
        await needList(deps.configDir, list);
        await removeList(deps.configDir, list);
      } catch (error) {
        errors.push(errorMessage(error));
      }
    }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
