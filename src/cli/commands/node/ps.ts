import type { Task } from "../../../api/types/swarm.ts";
import { inspectNode } from "../../../client/nodes.ts";
import { listTasks } from "../../../client/tasks.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { anyArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { printTasks, taskListFlags } from "../service/task-list.ts";
import { nodeReference } from "./self.ts";

export default defineCommand({
  usage: "[OPTIONS] [NODE...]",
  args: anyArgs,
  flags: taskListFlags,
  async run(deps, names, flags) {
    const client = await deps.client();
    const errors: string[] = [];
    const tasks: Task[] = [];
    for (const name of names.length > 0 ? names : ["self"]) {
      try {
        const { ID = "" } = await inspectNode(client, await nodeReference(client, name));
        tasks.push(...(await listTasks(client, { ...flags.filter, node: [...(flags.filter["node"] ?? []), ID] })));
      } catch (error) {
        errors.push(errorMessage(error));
      }
    }
    if (errors.length === 0 || tasks.length > 0) await printTasks(deps, tasks, flags);
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
