import type { Secret } from "../../../api/types/swarm.ts";
import { inspectSecretRaw } from "../../../client/secrets.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { prettyFlags, printPretty } from "../../format/pretty.ts";
import { prettySecret } from "../../format/secrets.ts";

export default defineCommand({
  usage: "[OPTIONS] SECRET [SECRET...]",
  args: minArgs(1),
  flags: prettyFlags,
  async run(deps, names, flags) {
    const client = await deps.client();
    await printPretty<Secret>(deps, names, flags, {
      kind: "secret",
      getRaw: (name) => inspectSecretRaw(client, name),
      pretty: prettySecret,
    });
  },
});
