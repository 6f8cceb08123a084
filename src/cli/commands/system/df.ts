import type { DiskItem } from "../../../api/types/check.ts";
import { diskItems, diskUsage } from "../../../client/system.ts";
import { isObject, Row } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { type DiskUsageAnswer, readDiskUsage } from "../../disk-usage.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { diskUsageText, verboseDiskUsage } from "../../format/disk-usage.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { humanSize } from "../../format/units.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    disk: bool("Show what the engine's data takes on its filesystem, by kind: all of it, as du counts"),
    format: string(formatHelp),
    verbose: bool("Show every image, container, volume and piece of build cache", { short: "v" }),
  },
  async run(deps, _args, { disk, format, verbose }) {
    const client = await deps.client();
    if (disk && verbose) throw new CliError("conflicting options: cannot specify both --disk and --verbose");
    if (disk) return void deps.out.write(await diskText(await diskItems(client), format));
    const answer = await diskUsage(client, { verbose });
    const parts: DiskUsageAnswer = isObject(answer) ? answer : {};
    const usage = readDiskUsage(parts);
    deps.out.write(
      await (verbose ? verboseDiskUsage(usage, format || "table") : diskUsageText(usage, format || "table")),
    );
  },
});

/** A row for each kind, the sum last. */
function diskText(items: readonly DiskItem[], format: string): Promise<string> {
  const total = { Kind: "total", Size: items.reduce((sum, { Size }) => sum + Size, 0) };
  const rows = [...items, total].map(
    ({ Kind, Size }) =>
      new Row("*system.diskContext", { Kind: () => Kind, Size: () => humanSize(Size), Bytes: () => String(Size) }),
  );
  return printRows(format || "table {{.Kind}}\t{{.Size}}", { Kind: "KIND", Size: "SIZE", Bytes: "BYTES" }, rows);
}
