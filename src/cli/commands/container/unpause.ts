import { unpauseContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { eachContainer } from "./each.ts";

export default defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {},
  async run(deps, names) {
    const client = await deps.client();
    await eachContainer(deps, names, (name) => unpauseContainer(client, name));
  },
});
