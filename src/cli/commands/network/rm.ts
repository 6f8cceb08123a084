import { isNotFound } from "../../../client/errors.ts";
import { inspectNetworkRaw, removeNetwork } from "../../../client/networks.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { decodeJson } from "../../../lib/parse-json.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { Questions } from "../../prompt.ts";

const ingressWarning =
  "WARNING! Before removing the routing-mesh network, make sure all the nodes in your swarm run the same " +
  "docker engine version. " +
  ("Otherwise, removal may not be effective and functionality of newly create ingress networks will be " +
    "impaired.\nAre you sure you want to continue?");

export default defineCommand({
  usage: "NETWORK [NETWORK...]",
  args: minArgs(1),
  flags: { force: bool("Do not complain about a network that does not exist", { short: "f" }) },
  async run(deps, names, { force }) {
    const client = await deps.client();
    const questions = new Questions(deps);
    let failed = false;
    for (const name of names) {
      if ((await isIngress(deps, name)) && !(await questions.confirm(ingressWarning))) continue;
      try {
        await removeNetwork(client, name);
        deps.out.write(`${name}\n`);
      } catch (error) {
        if (force && isNotFound(error)) continue;
        await deps.out.flush();
        deps.err.write(`${errorMessage(error)}\n`);
        failed = true;
      }
    }
    if (failed) throw new CliError("exit status 1");
  },
});

async function isIngress(deps: CommandDeps, name: string): Promise<boolean> {
  try {
    const network: { Ingress?: boolean } = decodeJson(await inspectNetworkRaw(await deps.client(), name));
    return network.Ingress === true;
  } catch {
    // The removal itself will say what is wrong.
    return false;
  }
}
