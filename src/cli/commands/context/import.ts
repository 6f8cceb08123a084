import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { unpackContext } from "../../config/context-archive.ts";
import { checkNewContext, replaceTls, writeContext } from "../../config/context-store.ts";
import { openInput } from "../../open-input.ts";

export default defineCommand({
  usage: "CONTEXT FILE|-",
  args: exactArgs(2),
  flags: {},
  async run(ctx, [name = "", source = ""]) {
    await checkNewContext(ctx.configDir, name);
    const { meta, tls } = await unpackContext(source === "-" ? ctx.stdin.stream() : await openInput(source), name);
    await writeContext(ctx.configDir, meta);
    await replaceTls(ctx.configDir, name, tls);
    ctx.out.write(`${name}\n`);
    await ctx.out.flush();
    ctx.err.write(`Successfully imported context "${name}"\n`);
  },
});
