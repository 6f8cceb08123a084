import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { contextName } from "../../context-name.ts";

export default defineCommand({
  usage: "",
  args: noArgs,
  flags: {},
  async run(deps) {
    deps.out.write(`${await contextName(deps)}\n`);
  },
});
