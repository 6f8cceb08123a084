import { checkSystem } from "../../../client/system.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { checkFlags, printCheck } from "../../format/check.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  long: `Look for what the engine has left behind, and hold networks against the kernel

Snapshots, layers and blobs that nothing names, folders, tasks, mounts, control
groups, network namespaces and loop devices of containers that are no more. With
--repair they are removed; data in the folder of a volume that there is no record
of becomes a volume again. Nothing is touched that is not the engine's.`,
  flags: checkFlags,
  async run(deps, _args, flags) {
    await printCheck(deps, await checkSystem(await deps.client(), flags), flags);
  },
});
