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
  async run(deps, names, { format }) {
    return printInspection(
      deps,
      names.length > 0 ? names : [await contextName(deps)],
      format,
      "context",
      async (name) => {
        const meta = await findContext(deps, name);
        const tls = Object.entries(await readTls(deps.configDir, name)).map(([endpoint, files]) => [
          endpoint,
          Object.keys(files),
        ]);
        const stored = name !== "default";
        return JSON.stringify({
          ...meta,
          TLSMaterial: Object.fromEntries(tls),
          Storage: {
            MetadataPath: stored ? dirname(contextMetaFile(deps.configDir, name)) : "<IN MEMORY>",
            TLSPath: stored ? tlsRoot(deps.configDir, name) : "<IN MEMORY>",
          },
        });
      },
      false,
    );
  },
});
