import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";
import { composeFile, orchestrator, readProject } from "./flags.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    "compose-file": composeFile,
    orchestrator,
    "skip-interpolation": bool("Leave variables as they are written"),
  },
  async run(deps, _args, flags) {
    const project = await readProject(deps, flags["compose-file"], flags["skip-interpolation"]);
    const { printProject } = await import("../../compose/print.ts");
    deps.out.write(printProject(project));
  },
});
