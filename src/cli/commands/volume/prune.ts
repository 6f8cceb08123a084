import { compareVersions } from "../../../client/client.ts";
import { pruneVolumes } from "../../../client/volumes.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, type Pruned, pruneFilters, withFilter } from "../../prune-filters.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Remove named volumes too, not only anonymous ones", { short: "a", minApi: "1.42" }),
    filter: filter('Remove only what matches a condition ("label=<label>")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
  },
  async run(deps, _args, { all, filter, force }) {
    // Engines before 1.42 know no anonymous volumes: they remove all.
    const removesAll = all || compareVersions(await (await deps.client()).version(), "1.42") < 0;
    if (all && "all" in filter) throw new CliError("conflicting options: cannot specify both --all and --filter all=1");
    await confirmOrCancel(
      deps,
      force,
      `WARNING! This will remove ${removesAll ? "all" : "anonymous"} local volumes not used by at least one ` +
        "container.\nAre you sure you want to continue?",
    );
    const { output, reclaimed } = await prune(deps, all, filter);
    if (output !== "") deps.out.write(`${output}\n`);
    deps.out.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
  },
});

/** Prunes without asking. */
export async function prune(deps: CommandDeps, all: boolean, given: FilterValues): Promise<Pruned> {
  const filters = pruneFilters(await deps.config(), given);
  const { VolumesDeleted, SpaceReclaimed } = await pruneVolumes(
    await deps.client(),
    all ? withFilter(filters, "all", "true") : filters,
  );
  const names = VolumesDeleted ?? [];
  return names.length === 0
    ? { output: "", reclaimed: 0 }
    : { output: `Deleted Volumes:\n${names.map((name) => `${name}\n`).join("")}`, reclaimed: SpaceReclaimed };
}
