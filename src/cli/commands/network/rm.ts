import { isNotFound } from "../../../client/errors.ts";
import { inspectNetworkRaw, removeNetwork } from "../../../client/networks.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { Questions } from "../../prompt.ts";

const ingressWarning =
  "WARNING! Before removing the routing-mesh network, make sure all the nodes in your swarm run the same docker engine version. " +
  "Otherwise, removal may not be effective and functionality of newly create ingress networks will be impaired.\nAre you sure you want to continue?";

export default defineCommand({
  usage: "NETWORK [NETWORK...]",
  args: minArgs(1),
  flags: { force: bool("Do not complain about a network that does not exist", { short: "f" }) },
  async run(ctx, names, { force }) {
    const client = await ctx.client();
    const questions = new Questions(ctx);
    let failed = false;
    for (const name of names) {
      if ((await isIngress(ctx, name)) && !(await questions.confirm(ingressWarning))) continue;
      try {
        await removeNetwork(client, name);
        ctx.out.write(`${name}\n`);
      } catch (error) {
        if (force && isNotFound(error)) continue;
        await ctx.out.flush();
        ctx.err.write(`${error instanceof Error ? error.message : String(error)}\n`);
        failed = true;
      }
    }
    if (failed) throw new CliError("exit status 1");
  },
});

async function isIngress(ctx: CommandContext, name: string): Promise<boolean> {
  try {
    const network: { Ingress?: boolean } = JSON.parse(await inspectNetworkRaw(await ctx.client(), name));
    return network.Ingress === true;
  } catch {
    // The removal itself will say what is wrong.
    return false;
  }
}
