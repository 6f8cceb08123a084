import { compareVersions } from "../../../client/client.ts";
import { pruneVolumes } from "../../../client/volumes.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, pruneFilters, type Pruned, withFilter } from "../../prune-filters.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Remove named volumes too, not only anonymous ones", { short: "a", minApi: "1.42" }),
    filter: filter('Remove only what matches a condition ("label=<label>")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
  },
  async run(ctx, _args, { all, filter, force }) {
    // Engines before 1.42 know no anonymous volumes: they remove all.
    const removesAll = all || compareVersions(await (await ctx.client()).version(), "1.42") < 0;
    if (all && "all" in filter) throw new CliError("conflicting options: cannot specify both --all and --filter all=1");
    await confirmOrCancel(ctx, force, `WARNING! This will remove ${removesAll ? "all" : "anonymous"} local volumes not used by at least one container.\nAre you sure you want to continue?`);
    const { output, reclaimed } = await prune(ctx, all, filter);
    if (output !== "") ctx.out.write(`${output}\n`);
    ctx.out.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
  },
});

/** Prunes without asking. */
export async function prune(ctx: CommandContext, all: boolean, given: FilterValues): Promise<Pruned> {
  const filters = pruneFilters(await ctx.config(), given);
  const { VolumesDeleted, SpaceReclaimed } = await pruneVolumes(await ctx.client(), all ? withFilter(filters, "all", "true") : filters);
  const names = VolumesDeleted ?? [];
  return names.length === 0 ? { output: "", reclaimed: 0 } : { output: `Deleted Volumes:\n${names.map((name) => `${name}\n`).join("")}`, reclaimed: SpaceReclaimed };
}
