import type { UpdateBody } from "../../../api/types/container.ts";
import { updateContainer } from "../../../client/containers.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { list, string } from "../../flags/kinds.ts";
import { type Draft, fill, toHost } from "./options/body-flag.ts";
import { processFlags, resourceFlags } from "./options/flags.ts";
import { parseRestartPolicy } from "./options/limits.ts";
import { parsePorts } from "./options/ports.ts";

const updateFlags = {
  "blkio-weight": resourceFlags["blkio-weight"],
  "cpu-period": resourceFlags["cpu-period"],
  "cpu-quota": resourceFlags["cpu-quota"],
  "cpu-rt-period": resourceFlags["cpu-rt-period"],
  "cpu-rt-runtime": resourceFlags["cpu-rt-runtime"],
  "cpu-shares": resourceFlags["cpu-shares"],
  cpus: { ...resourceFlags.cpus, minApi: "1.29" },
  "cpuset-cpus": resourceFlags["cpuset-cpus"],
  "cpuset-mems": resourceFlags["cpuset-mems"],
  "health-on-failure": processFlags["health-on-failure"],
  "kernel-memory": {
    ...resourceFlags["kernel-memory"],
    hidden: true,
    deprecated: "and no longer supported by the kernel",
  },
  memory: resourceFlags.memory,
  "memory-reservation": resourceFlags["memory-reservation"],
  "memory-swap": resourceFlags["memory-swap"],
  "pids-limit": toHost("PidsLimit", { ...resourceFlags["pids-limit"], minApi: "1.40" }, (limit) => limit || null),
  "publish-add": list("Publish a container's port in addition, as run -p does"),
  "publish-rm": list(
    "Publish a port no more: [[IP:]HOST:]CONTAINER[/PROTOCOL]; a container's port alone goes with all it has",
  ),
  restart: string("When to restart the container after it exits"),
};

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: updateFlags,
  async run(deps, names, flags) {
    if (deps.changed.size === 0) throw new CliError("you must provide one or more flags when using this command");
    const draft: Draft = { config: {}, host: {} };
    fill(draft, updateFlags, flags);
    const body: UpdateBody = {
      ...draft.host,
      RestartPolicy: flags.restart === "" ? { Name: "", MaximumRetryCount: 0 } : parseRestartPolicy(flags.restart),
      ...(flags["publish-add"].length > 0 && { PublishAdd: parsePorts(flags["publish-add"], []).bindings }),
      ...(flags["publish-rm"].length > 0 && { PublishRemove: parsePorts(flags["publish-rm"], []).bindings }),
    };
    const client = await deps.client();
    const warnings: string[] = [];
    const errors: string[] = [];
    for (const name of names) {
      try {
        const { Warnings } = await updateContainer(client, name, body);
        deps.out.write(`${name}\n`);
        warnings.push(...(Warnings ?? []));
      } catch (error) {
        errors.push(errorMessage(error));
      }
    }
    if (warnings.length > 0) deps.out.write(`${warnings.join("\n")}\n`);
    if (errors.length > 0) throw new CliError(errors.join("\n"));
  },
});
