import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { waitOnService } from "../service/wait.ts";
import { checkStackName, composeFile, orchestrator, readProject } from "./flags.ts";

const resolveModes = ["always", "changed", "never"] as const;

export default defineCommand({
  usage: "[OPTIONS] STACK",
  args: exactArgs(1),
  flags: {
    "compose-file": composeFile,
    detach: bool("Do not wait until the services have what they should", { short: "d", default: true }),
    orchestrator,
    prune: bool("Remove services that the files have no longer", { minApi: "1.27" }),
    quiet: bool("Do not show progress", { short: "q" }),
    "resolve-image": string('When to ask the registry which image and platforms it is ("always", "changed", "never")', {
      default: "always",
      minApi: "1.30",
    }),
    "with-registry-auth": bool("Give the nodes your credentials for the registry"),
  },
  async run(deps, [stack = ""], flags) {
    checkStackName(stack);
    const project = await readProject(deps, flags["compose-file"]);
    const [{ unsupportedWarnings }, { deployStack }] = await Promise.all([
      import("../../stack/warnings.ts"),
      import("../../stack/deploy.ts"),
    ]);
    deps.err.write(unsupportedWarnings(project));
    const resolveImage = resolveModes.find((mode) => mode === flags["resolve-image"]);
    if (!resolveImage) throw new CliError(`Invalid option ${flags["resolve-image"]} for flag --resolve-image`);
    if (flags.detach && !deps.changed.has("detach"))
      deps.err.write(
        "Since --detach=false was not specified, tasks will be created in the background.\n" +
          "In a future release, --detach=false will become the default.\n",
      );
    const options = { prune: flags.prune, resolveImage, withRegistryAuth: flags["with-registry-auth"] };
    const services = await deployStack(deps, stack, project, options);
    if (flags.detach) return;
    for (const service of services) await waitOnService(deps, service, flags.quiet);
  },
});
