import { listTasks } from "../../../client/tasks.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { ofStack } from "../../stack/names.ts";
import { printTasks, taskListFlags } from "../service/task-list.ts";
import { checkStackName, orchestrator } from "./flags.ts";

export default defineCommand({
  usage: "[OPTIONS] STACK",
  args: exactArgs(1),
  flags: { ...taskListFlags, orchestrator },
  async run(deps, [stack = ""], flags) {
    checkStackName(stack);
    const label = [...(flags.filter["label"] ?? []), ...ofStack(stack).label];
    const tasks = await listTasks(await deps.client(), { ...flags.filter, label });
    if (tasks.length === 0) throw new CliError(`nothing found in stack: ${stack}`);
    await printTasks(deps, tasks, flags);
  },
});
