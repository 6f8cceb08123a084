import { inspectSwarm, swarmUnlockKey, updateSwarm } from "../../../client/swarm.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError, HelpWanted } from "../../errors.ts";
import { unlockCommand } from "./instructions.ts";
import { specFlags, withSpecFlags } from "./spec-flags.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: { ...specFlags, autolock: { ...specFlags.autolock, help: "Whether managers are locked (true|false)" } },
  async run(deps, _args, flags) {
    if (deps.changed.size === 0) throw new HelpWanted();
    const client = await deps.client();
    const { Version, Spec: before = {}, TLSInfo } = await inspectSwarm(client);
    const spec = withSpecFlags(before, flags, deps.changed, TLSInfo?.TrustRoot ?? "");
    await updateSwarm(client, Version?.Index ?? 0, spec);
    deps.out.write("Swarm updated.\n");
    if (!spec.EncryptionConfig?.AutoLockManagers || before.EncryptionConfig?.AutoLockManagers) return;
    const key = await swarmUnlockKey(client).catch((error: unknown) => {
      throw new CliError(`could not fetch unlock key: ${errorMessage(error)}`);
    });
    deps.out.write(unlockCommand(deps.program, key));
  },
});
