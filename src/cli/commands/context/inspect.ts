import { dirname } from "node:path";
import { anyArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { findContext, readTls, tlsRoot } from "../../config/context-store.ts";
import { contextMetaFile } from "../../config/contexts.ts";
import { contextName } from "../../context-name.ts";
import { string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { printInspection } from "../../format/inspect.ts";

export default defineCommand({
  usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
  args: anyArgs,
  flags: { format: string(inspectFormatHelp, { short: "f" }) },
  async run(ctx, names, { format }) {
    return printInspection(ctx, names.length > 0 ? names : [await contextName(ctx)], format, "context", async (name) => {
      const meta = await findContext(ctx, name);
      const tls = Object.entries(await readTls(ctx.configDir, name)).map(([endpoint, files]) => [endpoint, Object.keys(files)]);
      const stored = name !== "default";
      return JSON.stringify({
        ...meta,
        TLSMaterial: Object.fromEntries(tls),
        Storage: {
          MetadataPath: stored ? dirname(contextMetaFile(ctx.configDir, name)) : "<IN MEMORY>",
          TLSPath: stored ? tlsRoot(ctx.configDir, name) : "<IN MEMORY>",
        },
      });
    }, false);
  },
});
