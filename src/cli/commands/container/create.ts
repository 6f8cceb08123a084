import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { usageFailure } from "./failure.ts";
import { bodyOf, newContainer } from "./new-container.ts";
import { createFlags } from "./options/flags.ts";

export default defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: minArgs(1),
  interspersed: false,
  flags: createFlags,
  async run(deps, args, flags) {
    const body = await bodyOf(deps, args, flags).catch((error: unknown) => {
      throw usageFailure(deps, error);
    });
    deps.out.write(`${await newContainer(deps, await deps.client(), body, flags)}\n`);
  },
});
