import { pruneImages } from "../../../client/images.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, pruneFilters, type Pruned, withFilter } from "../../prune-filters.ts";

const warning = (what: string) => `WARNING! This will remove all ${what}.\nAre you sure you want to continue?`;

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Remove all images that no container uses, not only those without a name", { short: "a" }),
    filter: filter('Remove only what matches a condition ("until=24h")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
  },
  async run(ctx, _args, { all, filter, force }) {
    await confirmOrCancel(ctx, force, warning(all ? "images without at least one container associated to them" : "dangling images"));
    const { output, reclaimed } = await prune(ctx, all, filter);
    if (output !== "") ctx.out.write(`${output}\n`);
    ctx.out.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
  },
});

/** Prunes without asking. */
export async function prune(ctx: CommandContext, all: boolean, given: FilterValues): Promise<Pruned> {
  const filters = pruneFilters(await ctx.config(), withFilter(given, "dangling", String(!all)));
  const { ImagesDeleted, SpaceReclaimed } = await pruneImages(await ctx.client(), filters);
  const lines = (ImagesDeleted ?? []).map(({ Untagged, Deleted }) => (Untagged ? `untagged: ${Untagged}\n` : `deleted: ${Deleted ?? ""}\n`));
  return lines.length === 0 ? { output: "", reclaimed: 0 } : { output: `Deleted Images:\n${lines.join("")}`, reclaimed: SpaceReclaimed };
}
