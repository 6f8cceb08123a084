import { pruneContainers } from "../../../client/containers.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, type Pruned, pruneFilters } from "../../prune-filters.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Remove only what matches a condition ("until=24h")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
  },
  async run(deps, _args, flags) {
    await confirmOrCancel(
      deps,
      flags.force,
      "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?",
    );
    const { output, reclaimed } = await prune(deps, flags.filter);
    if (output !== "") deps.out.write(`${output}\n`);
    deps.out.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
  },
});

/** Prunes without asking. */
export async function prune(deps: CommandDeps, given: FilterValues): Promise<Pruned> {
  const { ContainersDeleted, SpaceReclaimed } = await pruneContainers(
    await deps.client(),
    pruneFilters(await deps.config(), given),
  );
  if (!ContainersDeleted?.length) return { output: "", reclaimed: 0 };
  return { output: `Deleted Containers:\n${ContainersDeleted.join("\n")}\n`, reclaimed: SpaceReclaimed };
}
