import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { contextExists, removeContext } from "../../config/context-store.ts";
import { writeConfig } from "../../config/file.ts";
import { contextName } from "../../context-name.ts";
import { bool } from "../../flags/kinds.ts";
import { forEachName } from "../../for-each.ts";

export default defineCommand({
  usage: "CONTEXT [CONTEXT...]",
  args: minArgs(1),
  flags: { force: bool("Remove even the context in use", { short: "f" }) },
  async run(deps, names, { force }) {
    const current = await contextName(deps);
    await forEachName(deps, names, async (name) => {
      if (name === "default") throw new Error('context "default" cannot be removed');
      if (name === current) {
        if (!force) throw new Error(`context "${name}" is in use, set -f flag to force remove`);
        const { currentContext: _, ...config } = await deps.config();
        await writeConfig(deps.configDir, config);
      }
      if (!force && !(await contextExists(deps.configDir, name))) throw new Error(`context "${name}" does not exist`);
      await removeContext(deps.configDir, name);
    });
  },
});
