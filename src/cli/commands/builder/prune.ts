import { pruneBuildCache } from "../../../client/build.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { bool, bytes, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, type Pruned, pruneFilters } from "../../prune-filters.ts";

export default defineCommand({
  usage: "",
  args: noArgs,
  flags: {
    all: bool("Remove all build cache that is not in use, not only dangling one", { short: "a" }),
    filter: filter('Remove only what matches a condition ("until=24h")', { short: undefined }),
    force: bool("Do not ask", { short: "f" }),
    "keep-storage": bytes("Space that the cache may keep"),
  },
  async run(deps, _args, { all, filter, force, "keep-storage": keep }) {
    await confirmOrCancel(
      deps,
      force,
      `WARNING! This will remove all ${all ? "" : "dangling "}build cache. Are you sure you want to continue?`,
    );
    const { output, reclaimed } = await prune(deps, { all, filter, keep });
    if (output !== "") deps.out.write(`${output}\n`);
    deps.out.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
  },
});

/** Prunes without asking. */
export async function prune(
  deps: CommandDeps,
  { all, filter, keep = 0 }: { all: boolean; filter: FilterValues; keep?: number },
): Promise<Pruned> {
  const { CachesDeleted, SpaceReclaimed } = await pruneBuildCache(await deps.client(), {
    all,
    filters: pruneFilters(await deps.config(), filter),
    ...(keep > 0 && { reservedSpace: keep }),
  });
  const ids = CachesDeleted ?? [];
  return {
    output: ids.length === 0 ? "" : `Deleted build cache objects:\n${ids.map((id) => `${id}\n`).join("")}`,
    reclaimed: SpaceReclaimed ?? 0,
  };
}
