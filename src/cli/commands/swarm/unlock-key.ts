import { inspectSwarm, swarmUnlockKey, updateSwarm } from "../../../client/swarm.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { unlockCommand } from "./instructions.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    quiet: bool("Print the key only", { short: "q" }),
    rotate: bool("Make a new key; the old one unlocks no manager any more"),
  },
  async run(deps, _args, { quiet, rotate }) {
    const client = await deps.client();
    if (rotate) {
      const { Version, Spec = {} } = await inspectSwarm(client);
      if (!Spec.EncryptionConfig?.AutoLockManagers)
        throw new CliError("cannot rotate because autolock is not turned on");
      await updateSwarm(client, Version?.Index ?? 0, Spec, { managerUnlockKey: true });
      if (!quiet) deps.out.write("Successfully rotated manager unlock key.\n");
    }
    const key = await swarmUnlockKey(client).catch((error: unknown) => {
      throw new CliError(`could not fetch unlock key: ${errorMessage(error)}`);
    });
    if (key === "") throw new CliError("no unlock key is set");
    deps.out.write(quiet ? `${key}\n` : unlockCommand(deps.program, key));
  },
});
