import { removeContainer } from "../../../client/containers.ts";
import { isNotFound } from "../../../client/errors.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool } from "../../flags/kinds.ts";
import { eachContainer } from "./each.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  args: minArgs(1),
  flags: {
    force: bool("Remove it even while it runs; it is killed", { short: "f" }),
    link: bool("Remove the link of that name, not the container", { short: "l" }),
    volumes: bool("Remove its anonymous volumes too", { short: "v" }),
  },
  async run(deps, names, flags) {
    const client = await deps.client();
    const remove = async (given: string) => {
      const name = given.replace(/^\/+|\/+$/g, "");
      if (name === "") throw new Error("container name cannot be empty");
      await removeContainer(client, name, flags);
    };
    // What is not there is as one wants it; that it was not is told all the same.
    const forgive = (error: unknown) => {
      if (!flags.force || !isNotFound(error)) return false;
      deps.err.write(`${error.message}\n`);
      return true;
    };
    await eachContainer(deps, names, remove, { forgive });
  },
});
