import type { ImageHistoryResponseItem } from "../../../api/types/image.ts";
import { imageHistory } from "../../../client/images.ts";
import { shortId } from "../../../lib/ids.ts";
import { GoTime } from "../../../lib/template/time.ts";
import { Row } from "../../../lib/template/value.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { ago, humanSize } from "../../format/units.ts";
import { ellipsis } from "../../format/width.ts";
import { checkPlatform } from "../../platform.ts";

const titles = {
  ID: "IMAGE",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  CreatedBy: "CREATED BY",
  Size: "SIZE",
  Comment: "COMMENT",
};
/** Dates up to 2000 say nothing: reproducible builds set them. */
const epoch = Date.UTC(2000, 0, 1) / 1000;

export default defineCommand({
  usage: "[OPTIONS] IMAGE",
  args: exactArgs(1),
  flags: {
    format: string(formatHelp),
    human: bool("Print sizes and dates for people", { short: "H", default: true }),
    "no-trunc": bool("Print values at full length"),
    platform: string('Show the history of a platform, "os[/arch[/variant]]"', { minApi: "1.48" }),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, [image = ""], flags) {
    checkPlatform(flags.platform);
    const layers = await imageHistory(await deps.client(), image, flags.platform);
    const since = flags.human ? "CreatedSince" : "CreatedAt";
    const table = flags.quiet ? "{{.ID}}" : `table {{.ID}}\t{{.${since}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`;
    const format = flags.format === "" || flags.format === "table" ? table : flags.format;
    deps.out.write(
      await printRows(
        format,
        titles,
        layers.map((layer) => layerRow(layer, flags.human, flags["no-trunc"])),
      ),
    );
  },
});

function layerRow(layer: ImageHistoryResponseItem, human: boolean, noTrunc: boolean): Row {
  const createdAt = () => GoTime.unix(layer.Created).format("2006-01-02T15:04:05Z07:00");
  return new Row("*image.historyContext", {
    ID: () => (noTrunc ? layer.Id : shortId(layer.Id)),
    CreatedAt: createdAt,
    CreatedSince: () => (!human ? createdAt() : layer.Created <= epoch ? "N/A" : ago(layer.Created)),
    CreatedBy: () => {
      const text = layer.CreatedBy.replaceAll("\t", " ");
      return noTrunc ? text : ellipsis(text, 45);
    },
    Size: () => (human ? humanSize(layer.Size, 3) : String(layer.Size)),
    Comment: () => layer.Comment,
  });
}
