import { inspectSwarm, updateSwarm } from "../../../client/swarm.ts";
import { engineInfo } from "../../../client/system.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { joinCommands } from "./instructions.ts";

export default defineCommand({
  usage: "[OPTIONS] (worker|manager)",
  args: exactArgs(1),
  flags: {
    quiet: bool("Print the token only", { short: "q" }),
    rotate: bool("Make a new token; the old one lets nobody in any more"),
  },
  async run(deps, [role = ""], { quiet, rotate }) {
    if (role !== "worker" && role !== "manager") throw new CliError(`unknown role ${role}`);
    const client = await deps.client();
    if (rotate) {
      const { Version, Spec = {} } = await inspectSwarm(client);
      await updateSwarm(client, Version?.Index ?? 0, Spec, { [`${role}Token`]: true });
      if (!quiet) deps.out.write(`Successfully rotated ${role} join token.\n\n`);
    }
    if (quiet) {
      const { JoinTokens } = await inspectSwarm(client);
      deps.out.write(`${(role === "worker" ? JoinTokens?.Worker : JoinTokens?.Manager) ?? ""}\n`);
      return;
    }
    // Asked first: an engine that manages no swarm says so.
    await inspectSwarm(client);
    const { Swarm } = await engineInfo(client);
    deps.out.write(await joinCommands(client, deps.program, Swarm?.NodeID ?? "", [role]));
  },
});
