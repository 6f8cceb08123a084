import { writeFile } from "node:fs/promises";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { packContext } from "../../config/context-archive.ts";
import { checkContextName, findContext, readTls } from "../../config/context-store.ts";
import { CliError } from "../../errors.ts";
import { systemWords } from "../../files.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTEXT [FILE|-]",
  args: rangeArgs(1, 2),
  flags: {},
  async run(deps, [name = "", target = `${name}.dockercontext`]) {
    if (name !== "default") checkContextName(name);
    if (target === "-" && deps.out.isTerminal)
      throw new CliError("cowardly refusing to export to a terminal, specify a file path");
    const archive = packContext(await findContext(deps, name), await readTls(deps.configDir, name));
    if (target === "-") {
      deps.out.write(archive);
      return;
    }
    try {
      await writeFile(target, archive, { flag: "wx", mode: 0o600 });
    } catch (error) {
      throw new CliError(`open ${target}: ${systemWords(error)}`);
    }
    deps.err.write(`Written file "${target}"\n`);
  },
});
