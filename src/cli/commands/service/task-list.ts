import type { Task } from "../../../api/types/swarm.ts";
import type { CommandDeps } from "../../deps.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { type NamedTask, taskFormat, taskRow, taskTitles } from "../../format/tasks.ts";
import { naturalOrder } from "../../natural-order.ts";
import { NameResolver } from "./names.ts";

/** The options of commands that list tasks. */
export const taskListFlags = {
  filter: filter('Keep only what matches a condition ("desired-state=running")'),
  format: string(formatHelp),
  "no-resolve": bool("Print ids in place of names"),
  "no-trunc": bool("Print values at full length"),
  quiet: bool("Print ids only", { short: "q" }),
};

export interface TaskListFlags {
  format: string;
  "no-resolve": boolean;
  "no-trunc": boolean;
  quiet: boolean;
}

/** Lists tasks: those of a slot together, what runs now before what was. */
export async function printTasks(deps: CommandDeps, tasks: readonly Task[], flags: TaskListFlags): Promise<void> {
  const resolver = new NameResolver(await deps.client(), flags["no-resolve"]);
  const source = flags.format || (!flags.quiet && (await deps.config()).tasksFormat) || "table";
  const format = taskFormat(source, flags.quiet);
  const isTable = format.startsWith("table");
  const named: NamedTask[] = [];
  for (const task of tasks) {
    const { ServiceID = "", Slot, NodeID = "" } = task;
    const service = await resolver.service(ServiceID);
    named.push({ task, name: `${service}.${Slot ? Slot : NodeID}`, node: await resolver.node(NodeID) });
  }
  named.sort((a, b) => naturalOrder(a.name, b.name) || later(a.task, b.task));
  const rows = named.map((one, i) => {
    const isPast = isTable && one.name === named[i - 1]?.name;
    return taskRow({ ...one, name: isPast ? ` \\_ ${one.name}` : one.name }, !flags["no-trunc"] && !flags.quiet);
  });
  deps.out.write(await printRows(format, taskTitles, rows));
}

/** RFC 3339 with as many digits as it takes, so that texts compare as moments do only once they are as long. */
function later(a: Task, b: Task): number {
  const [first, second] = [a, b].map(({ CreatedAt = "" }) => CreatedAt.replace("Z", "").padEnd(30, "0"));
  return (first ?? "") > (second ?? "") ? -1 : 1;
}
