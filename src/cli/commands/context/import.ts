import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { unpackContext } from "../../config/context-archive.ts";
import { checkNewContext, replaceTls, writeContext } from "../../config/context-store.ts";
import { openInput } from "../../open-input.ts";

export default defineCommand({
  usage: "CONTEXT FILE|-",
  args: exactArgs(2),
  flags: {},
  async run(deps, [name = "", source = ""]) {
    await checkNewContext(deps.configDir, name);
    const { meta, tls } = await unpackContext(source === "-" ? deps.stdin.stream() : await openInput(source), name);
    await writeContext(deps.configDir, meta);
    await replaceTls(deps.configDir, name, tls);
    deps.out.write(`${name}\n`);
    await deps.out.flush();
    deps.err.write(`Successfully imported context "${name}"\n`);
  },
});
