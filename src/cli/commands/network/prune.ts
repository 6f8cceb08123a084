import { pruneNetworks } from "../../../client/networks.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, type Pruned, pruneFilters } from "../../prune-filters.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Remove only what matches a condition ("until=24h")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
  },
  async run(deps, _args, { filter, force }) {
    await confirmOrCancel(
      deps,
      force,
      "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you " +
        "want to continue?",
    );
    const { output } = await prune(deps, filter);
    if (output !== "") deps.out.write(`${output}\n`);
  },
});

/** Prunes without asking. */
export async function prune(deps: CommandDeps, given: FilterValues): Promise<Pruned> {
  const { NetworksDeleted } = await pruneNetworks(await deps.client(), pruneFilters(await deps.config(), given));
  const names = NetworksDeleted ?? [];
  return {
    output: names.length === 0 ? "" : `Deleted Networks:\n${names.map((name) => `${name}\n`).join("")}`,
    reclaimed: 0,
  };
}
