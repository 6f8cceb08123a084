import { decodeFrames } from "../../../api/stdcopy.ts";
import type { Client } from "../../../client/client.ts";
import { isNotFound } from "../../../client/errors.ts";
import { inspectService, serviceLogs } from "../../../client/services.ts";
import { inspectTask } from "../../../client/tasks.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { LineWriter, TaskPrefix } from "./log-lines.ts";

export default defineCommand({
  usage: "[OPTIONS] SERVICE|TASK",
  args: exactArgs(1),
  flags: {
    details: bool("Show the extra attributes of log lines", { minApi: "1.30" }),
    follow: bool("Go on with what is logged from now on", { short: "f" }),
    "no-resolve": bool("Print ids in place of names"),
    "no-task-ids": bool("Leave out the ids of tasks"),
    "no-trunc": bool("Print values at full length"),
    raw: bool("Print the lines as they are", { minApi: "1.30" }),
    since: string('Show lines since a time ("2013-01-02T13:23:37Z") or for a duration ("42m")'),
    tail: string("Show only so many lines of the end", { short: "n", default: "all" }),
    timestamps: bool("Show the time of each line", { short: "t" }),
  },
  async run(deps, [name = ""], flags) {
    const client = await deps.client();
    const { hasTerminal, maxSlot, ...target } = await findTarget(client, name);
    if (hasTerminal && !flags.raw) throw new CliError("tty service logs only supported with --raw");
    const { body } = await serviceLogs(client, target, {
      stdout: true,
      stderr: true,
      since: flags.since,
      timestamps: flags.timestamps,
      follow: flags.follow,
      ...(flags.tail !== "all" && { tail: flags.tail }),
      // Each line begins with what it is of.
      details: true,
    });
    const prefix = new TaskPrefix(client, { ...flags, noResolve: flags["no-resolve"], maxSlot });
    const [out, err] = [deps.out, deps.err].map((output) => new LineWriter(output, flags, prefix));
    if (hasTerminal) {
      for await (const chunk of body) {
        deps.out.write(chunk);
        await deps.out.flush();
      }
      return;
    }
    for await (const { stream, data } of decodeFrames(body)) await (stream === 1 ? out : err)?.write(data);
  },
});

type Target = ({ service: string; task?: undefined } | { task: string; service?: undefined }) & {
  hasTerminal: boolean;
  /** The highest number of a task: names are padded to its width. */
  maxSlot: number;
};

async function findTarget(client: Client, name: string): Promise<Target> {
  try {
    const { ID = name, Spec } = await inspectService(client, name);
    return {
      service: ID,
      hasTerminal: Spec?.TaskTemplate?.ContainerSpec?.TTY === true,
      maxSlot: Spec?.Mode?.Replicated?.Replicas ?? 0,
    };
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    const { ID = name, Spec, Slot = 0 } = await inspectTask(client, name);
    return { task: ID, hasTerminal: Spec?.ContainerSpec?.TTY === true, maxSlot: Slot };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CliError(`no such task or service: ${name}`);
  }
}
