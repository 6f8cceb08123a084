import { listServices } from "../../../client/services.ts";
import { Row } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { naturalOrder } from "../../natural-order.ts";
import { namespaceLabel } from "../../stack/names.ts";
import { orchestrator } from "./flags.ts";

const titles = { Name: "NAME", Services: "SERVICES" };

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: { format: string(formatHelp), orchestrator },
  async run(deps, _args, { format }) {
    const counts = new Map<string, number>();
    for (const { ID = "", Spec } of await listServices(await deps.client(), { label: [namespaceLabel] })) {
      const stack = Spec?.Labels?.[namespaceLabel];
      if (stack === undefined) throw new CliError(`cannot get label ${namespaceLabel} for service ${ID}`);
      counts.set(stack, (counts.get(stack) ?? 0) + 1);
    }
    const rows = [...counts]
      .sort(([a], [b]) => naturalOrder(a, b))
      .map(([name, count]) => new Row("*formatter.stackContext", { Name: () => name, Services: () => String(count) }));
    const source = format === "" || format === "table" ? "table {{.Name}}\t{{.Services}}" : format;
    deps.out.write(await printRows(source, titles, rows));
  },
});
