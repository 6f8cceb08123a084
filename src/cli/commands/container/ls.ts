import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, filter, int, string } from "../../flags/kinds.ts";
import { listContainers } from "../../../client/containers.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    all: bool("Show all containers, not only the running ones", { short: "a" }),
    filter: filter("Keep only what matches a condition"),
    format: string("Print through a Go template, `table TEMPLATE` or `json`"),
    last: int("Show the n newest containers in any state", { short: "n", default: -1 }),
    latest: bool("Show the newest container in any state", { short: "l" }),
    "no-trunc": bool("Print values at full length"),
    quiet: bool("Print ids only", { short: "q" }),
    size: bool("Show sizes on disk", { short: "s" }),
  },
  async run(ctx, _args, flags) {
    const client = await ctx.client();
    const containers = await listContainers(client, { all: flags.all });
    for (const { Id } of containers) ctx.out.write(`${Id?.slice(0, 12)}\n`);
  },
});
