import { killContainer } from "../../../client/containers.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { eachContainer } from "./each.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: { signal: string("Signal to send, KILL where none is given", { short: "s" }) },
  async run(deps, names, { signal }) {
    const client = await deps.client();
    await eachContainer(deps, names, (name) => killContainer(client, name, signal));
  },
});
