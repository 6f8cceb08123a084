import { renameVolume } from "../../../client/volumes.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";

export default defineCommand({
  usage: "VOLUME NEW_NAME",
  args: exactArgs(2),
  long: "Give a volume another name. One that a container has cannot be renamed.",
  flags: {},
  async run(deps, [volume = "", name = ""]) {
    await renameVolume(await deps.client(), volume, name);
  },
});
