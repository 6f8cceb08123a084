import { inspectService, updateService } from "../../../client/services.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";
import { warn } from "./create.ts";
import { waitOnService } from "./wait.ts";

export default defineCommand({
  usage: "[OPTIONS] SERVICE",
  args: exactArgs(1),
  flags: {
    detach: bool("Do not wait until the service has what it should", { short: "d", minApi: "1.29" }),
    quiet: bool("Do not show progress", { short: "q" }),
  },
  async run(deps, [name = ""], { detach, quiet }) {
    const client = await deps.client();
    const { ID = name, Version, Spec = {} } = await inspectService(client, name);
    const { Warnings } = await updateService(client, ID, { version: Version?.Index ?? 0, spec: Spec, rollback: true });
    warn(deps, Warnings ?? []);
    deps.out.write(`${name}\n`);
    await deps.out.flush();
    if (!detach) await waitOnService(deps, name, quiet, true);
  },
});
