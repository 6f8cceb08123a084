import { createCheckpoint } from "../../../client/checkpoints.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER CHECKPOINT",
  args: exactArgs(2),
  flags: {
    "checkpoint-dir": string("Directory to keep checkpoints in"),
    "leave-running": bool("Leave the container running"),
  },
  async run(deps, [container = "", CheckpointID = ""], flags) {
    await createCheckpoint(await deps.client(), container, {
      CheckpointID,
      CheckpointDir: flags["checkpoint-dir"],
      Exit: !flags["leave-running"],
    });
    deps.out.write(`${CheckpointID}\n`);
  },
});
