import { leaveSwarm } from "../../../client/swarm.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: { force: bool("Leave whatever the swarm loses by it", { short: "f" }) },
  async run(deps, _args, { force }) {
    await leaveSwarm(await deps.client(), force);
    deps.out.write("Node left the swarm.\n");
  },
});
