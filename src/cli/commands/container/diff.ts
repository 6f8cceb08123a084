import { containerChanges } from "../../../client/containers.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";

/** What is changed, added, deleted, by the API's numbers. */
const kinds = ["C", "A", "D"];

export default defineCommand({
  usage: "CONTAINER",
  args: exactArgs(1),
  flags: {},
  async run(deps, [container = ""]) {
    for (const { Kind, Path } of (await containerChanges(await deps.client(), container)) ?? [])
      deps.out.write(`${kinds[Kind] ?? ""} ${Path}\n`);
  },
});
