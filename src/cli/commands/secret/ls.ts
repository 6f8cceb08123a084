import { listSecrets } from "../../../client/secrets.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";
import { printRows } from "../../format/print-rows.ts";
import { secretFormat, secretRow, secretTitles } from "../../format/secrets.ts";
import { naturalOrder } from "../../natural-order.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter('Keep only what matches a condition ("name=key")'),
    format: string(formatHelp),
    quiet: bool("Print ids only", { short: "q" }),
  },
  async run(deps, _args, flags) {
    const secrets = await listSecrets(await deps.client(), flags.filter);
    const source = flags.format || (!flags.quiet && (await deps.config()).secretFormat) || "table";
    secrets.sort((a, b) => naturalOrder(a.Spec?.Name ?? "", b.Spec?.Name ?? ""));
    deps.out.write(await printRows(secretFormat(source, flags.quiet), secretTitles, secrets.map(secretRow)));
  },
});
