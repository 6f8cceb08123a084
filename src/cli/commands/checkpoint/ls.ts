import { listCheckpoints } from "../../../client/checkpoints.ts";
import { Row } from "../../../lib/template/value.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { printRows } from "../../format/print-rows.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER",
  args: exactArgs(1),
  flags: { "checkpoint-dir": string("Directory that checkpoints are kept in") },
  async run(deps, [container = ""], flags) {
    const checkpoints = await listCheckpoints(await deps.client(), container, flags["checkpoint-dir"]);
    deps.out.write(
      await printRows(
        "table {{.Name}}",
        { Name: "CHECKPOINT NAME" },
        checkpoints.map(({ Name }) => new Row("*checkpoint.checkpointContext", { Name: () => Name })),
      ),
    );
  },
});
