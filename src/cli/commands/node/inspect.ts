import type { Node } from "../../../api/types/swarm.ts";
import { inspectNodeRaw } from "../../../client/nodes.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { prettyNode } from "../../format/nodes.ts";
import { prettyFlags, printPretty } from "../../format/pretty.ts";
import { nodeReference } from "./self.ts";

export default defineCommand({
  usage: "[OPTIONS] self|NODE [NODE...]",
  args: minArgs(1),
  flags: prettyFlags,
  async run(deps, names, flags) {
    const client = await deps.client();
    await printPretty<Node>(deps, names, flags, {
      kind: "node",
      getRaw: async (name) => inspectNodeRaw(client, await nodeReference(client, name)),
      pretty: prettyNode,
    });
  },
});
