import type { Config } from "../../../api/types/swarm.ts";
import { inspectConfigRaw } from "../../../client/configs.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { prettyFlags, printPretty } from "../../format/pretty.ts";
import { prettyConfig } from "../../format/secrets.ts";

export default defineCommand({
  usage: "[OPTIONS] CONFIG [CONFIG...]",
  args: minArgs(1),
  flags: prettyFlags,
  async run(deps, names, flags) {
    const client = await deps.client();
    await printPretty<Config>(deps, names, flags, {
      kind: "config",
      getRaw: (name) => inspectConfigRaw(client, name),
      pretty: prettyConfig,
    });
  },
});
