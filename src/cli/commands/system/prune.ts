import { compareVersions } from "../../../client/client.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, filter } from "../../flags/kinds.ts";
import { humanSize } from "../../format/units.ts";
import { naturalOrder } from "../../natural-order.ts";
import { confirmOrCancel } from "../../prompt.ts";
import { type FilterValues, type Pruned, pruneFilters } from "../../prune-filters.ts";
import { prune as pruneCache } from "../builder/prune.ts";
import { prune as pruneContainers } from "../container/prune.ts";
import { prune as pruneImages } from "../image/prune.ts";
import { prune as pruneNetworks } from "../network/prune.ts";
import { prune as pruneVolumes } from "../volume/prune.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Remove all images that no container uses, not only those without a name", { short: "a" }),
    filter: filter('Remove only what matches a condition ("label=<key>=<value>")', {
      short: undefined,
      minApi: "1.28",
    }),
    force: bool("Do not ask", { short: "f" }),
    volumes: bool("Remove anonymous volumes too"),
  },
  async run(deps, _args, { all, filter, force, volumes }) {
    if (volumes && "until" in filter) throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
    const cache = compareVersions(await (await deps.client()).version(), "1.31") >= 0;
    await confirmOrCancel(deps, force, question({ all, volumes, cache }, pruneFilters(await deps.config(), filter)));
    const steps: (() => Promise<Pruned>)[] = [
      () => pruneContainers(deps, filter),
      () => pruneNetworks(deps, filter),
      ...(volumes ? [() => pruneVolumes(deps, false, filter)] : []),
      () => pruneImages(deps, all, filter),
      ...(cache ? [() => pruneCache(deps, { all, filter })] : []),
    ];
    let total = 0;
    for (const step of steps) {
      const { output, reclaimed } = await step();
      total += reclaimed;
      if (output !== "") deps.out.write(`${output}\n`);
    }
    deps.out.write(`Total reclaimed space: ${humanSize(total)}\n`);
  },
});

function question(
  { all, volumes, cache }: { all: boolean; volumes: boolean; cache: boolean },
  filters: FilterValues,
): string {
  const warnings = ["all stopped containers", "all networks not used by at least one container"];
  if (volumes) warnings.push("all anonymous volumes not used by at least one container");
  warnings.push(all ? "all images without at least one container associated to them" : "all dangling images");
  if (cache) warnings.push(all ? "all build cache" : "unused build cache");
  const kept = ["label", "label!", "until"]
    .flatMap((key) => (filters[key] ?? []).map((value) => `${key}=${value}`))
    .sort(naturalOrder);
  const list = (items: readonly string[]) => items.map((item) => `\n  - ${item}`).join("");
  const filtered = kept.length > 0 ? `\n  Items to be pruned will be filtered with:${list(kept)}\n` : "";
  return `WARNING! This will remove:${list(warnings)}\n${filtered}\nAre you sure you want to continue?`;
}
