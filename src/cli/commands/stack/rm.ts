import type { Client } from "../../../client/client.ts";
import { listConfigs, removeConfig } from "../../../client/configs.ts";
import { listNetworks, removeNetwork } from "../../../client/networks.ts";
import { listSecrets, removeSecret } from "../../../client/secrets.ts";
import { listServices, removeService } from "../../../client/services.ts";
import { listTasks } from "../../../client/tasks.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { ofStack } from "../../stack/names.ts";
import { checkStackName, orchestrator } from "./flags.ts";

export default defineCommand({
  usage: "[OPTIONS] STACK [STACK...]",
  args: minArgs(1),
  flags: {
    detach: bool("Do not wait until the tasks have ended", { short: "d", default: true }),
    orchestrator,
  },
  async run(deps, stacks, { detach }) {
    for (const stack of stacks) checkStackName(stack);
    const client = await deps.client();
    const errors: string[] = [];
    for (const stack of stacks) {
      const problem = await removeStack(deps, client, stack, detach);
      if (problem !== null) errors.push(problem);
    }
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});

type Removal = { kind: string; name: string; id: string; remove: (client: Client, id: string) => Promise<void> };

/** Removes all that is a stack's; what has not worked is told, and summed up in what is returned. */
async function removeStack(deps: CommandDeps, client: Client, stack: string, detach: boolean): Promise<string | null> {
  const removals = await belongings(client, stack);
  if (removals.length === 0) {
    deps.err.write(`Nothing found in stack: ${stack}\n`);
    return null;
  }
  let failed = false;
  for (const { kind, name, id, remove } of removals) {
    deps.out.write(`Removing ${kind} ${name}\n`);
    await remove(client, id).catch((error: unknown) => {
      failed = true;
      deps.err.write(`Failed to remove ${kind} ${id}: ${errorMessage(error)}`);
    });
  }
  await deps.out.flush();
  if (failed) return `Failed to remove some resources from stack: ${stack}`;
  if (!detach) await tasksEnded(client, stack);
  return null;
}

/** In the order in which they can be removed. */
async function belongings(client: Client, stack: string): Promise<Removal[]> {
  const filter = ofStack(stack);
  const services = await listServices(client, filter);
  const networks = await listNetworks(client, filter);
  const secrets = await listSecrets(client, filter);
  const configs = await listConfigs(client, filter);
  const named = (
    kind: string,
    list: readonly { ID?: string; Spec?: { Name?: string } }[],
    remove: Removal["remove"],
  ): Removal[] => list.map(({ ID = "", Spec }) => ({ kind, name: Spec?.Name ?? "", id: ID, remove }));
  return [
    ...named("service", services, removeService).sort((a, b) => (a.name < b.name ? -1 : 1)),
    ...named("secret", secrets, removeSecret),
    ...named("config", configs, removeConfig),
    ...networks.map(({ Id = "", Name = "" }) => ({ kind: "network", name: Name, id: Id, remove: removeNetwork })),
  ];
}

const over: ReadonlySet<string> = new Set(["complete", "shutdown", "failed", "rejected", "remove", "orphaned"]);

async function tasksEnded(client: Client, stack: string): Promise<void> {
  for (;;) {
    const tasks = await listTasks(client, ofStack(stack));
    if (tasks.every(({ Status }) => over.has(Status?.State ?? ""))) return;
    await Bun.sleep(500);
  }
}
