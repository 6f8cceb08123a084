import type { Plugin } from "../../../api/types/plugin.ts";
import { listPlugins } from "../../../client/plugins.ts";
import { shortId } from "../../../lib/ids.ts";
import { Row } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { ellipsis } from "../../format/width.ts";
import { naturalOrder } from "../../natural-order.ts";

const titles = { ID: "ID", Name: "NAME", Description: "DESCRIPTION", Enabled: "ENABLED", PluginReference: "IMAGE" };

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Keep only what matches a condition ("enabled=true")'),
    format: string(formatHelp),
    "no-trunc": bool("Print values at full length"),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, _args, flags) {
    const plugins = await listPlugins(await deps.client(), flags.filter);
    plugins.sort((a, b) => naturalOrder(a.Name, b.Name));
    const source = flags.format || (!flags.quiet && (await deps.config()).pluginsFormat) || "table";
    deps.out.write(
      await printRows(
        pluginFormat(source, flags.quiet),
        titles,
        plugins.map((plugin) => pluginRow(plugin, flags["no-trunc"])),
      ),
    );
  },
});

function pluginFormat(source: string, quiet: boolean): string {
  if (source === "table") return quiet ? "{{.ID}}" : "table {{.ID}}\t{{.Name}}\t{{.Description}}\t{{.Enabled}}";
  if (source === "raw")
    return quiet
      ? "plugin_id: {{.ID}}"
      : "plugin_id: {{.ID}}\nname: {{.Name}}\ndescription: {{.Description}}\nenabled: {{.Enabled}}\n";
  return source;
}

function pluginRow({ Id = "", Name, Config, Enabled, PluginReference = "" }: Plugin, noTrunc: boolean): Row {
  const description = (Config?.Description ?? "").replace(/[\r\n]/g, "");
  return new Row("*plugin.pluginContext", {
    ID: () => (noTrunc ? Id : shortId(Id)),
    Name: () => Name,
    Description: () => (noTrunc ? description : ellipsis(description, 45)),
    Enabled: () => Enabled,
    PluginReference: () => PluginReference,
  });
}
