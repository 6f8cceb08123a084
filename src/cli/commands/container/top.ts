import { topContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { alignTabs } from "../../format/tabs.ts";

export default defineCommand({
  usage: "CONTAINER [ps OPTIONS]",
  args: minArgs(1),
  flags: {},
  interspersed: false,
  async run(deps, [container = "", ...psArgs]) {
    const { Titles, Processes } = await topContainer(await deps.client(), container, psArgs.join(" "));
    deps.out.write(
      alignTabs([Titles ?? [], ...(Processes ?? [])].map((row) => `${row.join("\t")}\n`).join(""), { minWidth: 20 }),
    );
  },
});
