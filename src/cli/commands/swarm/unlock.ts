import { unlockSwarm } from "../../../client/swarm.ts";
import { engineInfo } from "../../../client/system.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { Questions } from "../../prompt.ts";

export default defineCommand({
  usage: "",
  args: noArgs,
  flags: {},
  async run(deps) {
    const client = await deps.client();
    // The key is asked for only where there is something to unlock.
    const state = (await engineInfo(client)).Swarm?.LocalNodeState ?? "";
    if (state === "inactive") throw new CliError("Error: This node is not part of a swarm");
    if (["pending", "active", "error"].includes(state)) throw new CliError("Error: swarm is not locked");
    const questions = new Questions(deps);
    const { isTerminal } = deps.stdin;
    const key = await questions.askSecret(isTerminal ? "Enter unlock key: " : "");
    if (isTerminal) deps.out.write("\n");
    await unlockSwarm(client, key);
  },
});
