import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { checkContextName } from "../../config/context-store.ts";
import { readContext } from "../../config/contexts.ts";
import { writeConfig } from "../../config/file.ts";

export default defineCommand({
  usage: "CONTEXT",
  args: exactArgs(1),
  flags: {},
  async run(deps, [name = ""]) {
    if (name !== "default") {
      checkContextName(name);
      await readContext(deps.configDir, name);
    }
    const { currentContext = "", ...config } = await deps.config();
    const chosen = name === "default" ? "" : name;
    // An unchanged file is left alone; none is made for the default.
    if (currentContext !== chosen)
      await writeConfig(deps.configDir, { ...config, ...(chosen && { currentContext: chosen }) });
    deps.out.write(`${name}\n`);
    await deps.out.flush();
    deps.err.write(`Current context is now "${name}"\n`);
    if (name !== "default" && deps.env["DOCKER_HOST"]) {
      deps.err.write(
        `Warning: DOCKER_HOST environment variable overrides the active context. To use "${name}", either set ` +
          "the global --context flag, or unset DOCKER_HOST environment variable.\n",
      );
    }
  },
});
