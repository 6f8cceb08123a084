import { removeCheckpoint } from "../../../client/checkpoints.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER CHECKPOINT",
  args: exactArgs(2),
  flags: { "checkpoint-dir": string("Directory that checkpoints are kept in") },
  async run(deps, [container = "", checkpoint = ""], flags) {
    await removeCheckpoint(await deps.client(), container, checkpoint, flags["checkpoint-dir"]);
  },
});
