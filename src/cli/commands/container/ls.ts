import { listContainers } from "../../../client/containers.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, int, string } from "../../flags/kinds.ts";
import { formatHelp } from "../../format/help.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Show all containers, not only the running ones", { short: "a" }),
    filter: filter("Keep only what matches a condition"),
    format: string(formatHelp),
    last: int("Show the n newest containers in any state", { short: "n", default: -1 }),
    latest: bool("Show the newest container in any state", { short: "l" }),
    "no-trunc": bool("Print values at full length"),
    quiet: bool("Print ids only", { short: "q" }),
    size: bool("Show sizes on disk", { short: "s" }),
  },
  async run(deps, _args, flags) {
    const [client, { psFormat = "" }] = await Promise.all([deps.client(), deps.config()]);
    const source = flags.format || psFormat;
    if (flags.format !== "" && flags.quiet)
      deps.err.write("WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
    const inTemplate = source !== "" && source !== "table" && (await import("./list-format.ts")).usesSize(source);
    const usesSize = inTemplate && !flags.quiet && !deps.changed.has("size");
    const containers = await listContainers(client, {
      all: flags.all,
      limit: flags.latest && flags.last === -1 ? 1 : flags.last,
      size: flags.size || usesSize,
      filters: flags.filter,
    });
    const view = { noTrunc: flags["no-trunc"], size: flags.size };
    if (flags.quiet) for (const { Id = "" } of containers) deps.out.write(`${view.noTrunc ? Id : Id.slice(0, 12)}\n`);
    else if (source === "" || source === "table")
      deps.out.write((await import("./list-table.ts")).listTable(containers, view));
    else deps.out.write((await import("./list-format.ts")).formatList(source, containers, view));
  },
});
