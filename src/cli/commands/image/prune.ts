import { pruneImages } from "../../../client/images.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, type Pruned, pruneFilters, withFilter } from "../../prune-filters.ts";

const warning = (what: string) => `WARNING! This will remove all ${what}.\nAre you sure you want to continue?`;

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Remove all images that no container uses, not only those without a name", { short: "a" }),
    filter: filter('Remove only what matches a condition ("until=24h")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
  },
  async run(deps, _args, { all, filter, force }) {
    await confirmOrCancel(
      deps,
      force,
      warning(all ? "images without at least one container associated to them" : "dangling images"),
    );
    const { output, reclaimed } = await prune(deps, all, filter);
    if (output !== "") deps.out.write(`${output}\n`);
    deps.out.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
  },
});

/** Prunes without asking. */
export async function prune(deps: CommandDeps, all: boolean, given: FilterValues): Promise<Pruned> {
  const filters = pruneFilters(await deps.config(), withFilter(given, "dangling", String(!all)));
  const { ImagesDeleted, SpaceReclaimed } = await pruneImages(await deps.client(), filters);
  const lines = (ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Untagged ? `untagged: ${Untagged}\n` : `deleted: ${Deleted ?? ""}\n`,
  );
  return lines.length === 0
    ? { output: "", reclaimed: 0 }
    : { output: `Deleted Images:\n${lines.join("")}`, reclaimed: SpaceReclaimed };
}
