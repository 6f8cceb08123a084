import { exportContainer } from "../../../client/containers.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { checkOutput, writeAtomically, writeThrough } from "../../write-output.ts";

const failure = "failed to export container";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER",
  args: exactArgs(1),
  flags: { output: string("Write to this file, not to standard output", { short: "o" }) },
  async run(deps, [container = ""], { output }) {
    if (output === "" && deps.out.isTerminal)
      throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    if (output !== "") await checkOutput(output, failure);
    const { body } = await exportContainer(await deps.client(), container);
    await (output === "" ? writeThrough(deps.out, body) : writeAtomically(output, body, failure));
  },
});
