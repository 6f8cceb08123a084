import type { Client } from "../../../client/client.ts";
import { listServices } from "../../../client/services.ts";
import { listTasks } from "../../../client/tasks.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { nodeReference } from "../node/self.ts";
import { printTasks, taskListFlags } from "./task-list.ts";

export default defineCommand({
  usage: "[OPTIONS] SERVICE [SERVICE...]",
  args: minArgs(1),
  flags: taskListFlags,
  async run(deps, names, flags) {
    const client = await deps.client();
    const { ids, missing } = await findServices(client, names);
    if (ids.length === 0) throw new CliError(missing.join("\n"));
    const nodes: string[] = [];
    for (const name of flags.filter["node"] ?? []) nodes.push(await nodeReference(client, name));
    const filter = { ...flags.filter, service: ids, ...(nodes.length > 0 && { node: nodes }) };
    await printTasks(deps, await listTasks(client, filter), flags);
    if (missing.length > 0) throw new CliError(missing.join("\n"));
  },
});

/** Ids of services by ids, the beginnings of ids, or names. */
async function findServices(client: Client, names: readonly string[]): Promise<{ ids: string[]; missing: string[] }> {
  const byId = await listServices(client, { id: names });
  const byName = await listServices(client, { name: names });
  const ids = new Set<string>();
  const missing: string[] = [];
  for (const name of names) {
    const found =
      byId.find(({ ID }) => ID === name) ??
      byName.find(({ Spec }) => Spec?.Name === name) ??
      only(
        byId.filter(({ ID = "" }) => ID.startsWith(name)),
        name,
      );
    if (found?.ID) ids.add(found.ID);
    else missing.push(`no such service: ${name}`);
  }
  return { ids: [...ids], missing };
}

function only<T>(found: readonly T[], name: string): T | undefined {
  if (found.length > 1) throw new CliError(`multiple services found with provided prefix: ${name}`);
  return found[0];
}
