import { backupVolume } from "../../../client/volumes.ts";
import { exactArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { displayProgress } from "../../progress/display.ts";
import { fullString, parseReference, withDefaultTag } from "../../reference.ts";

export default defineCommand({
  usage: "[OPTIONS] VOLUME NAME[:TAG]",
  args: exactArgs(2),
  long: `Send a volume to a registry

It is stored as an OCI artifact: labels and options, and the content as a tar
archive compressed by zstd. Containers that use the volume stand still while it is
packed, not while it is sent. The restore command brings it back.`,
  flags: {
    pause: bool("Freeze running containers that have the volume while it is packed", { default: true }),
    quiet: bool("Show no progress", { short: "q" }),
  },
  async run(deps, [volume = "", name = ""], { pause, quiet }) {
    const reference = withDefaultTag(parseReference(name));
    if (reference.digest !== undefined) throw new CliError("cannot push a digest reference");
    const Reference = fullString(reference);
    const auth = await registryAuth(deps, reference.domain);
    const messages = backupVolume(await deps.client(), volume, { Reference, Pause: pause }, auth);
    await displayProgress(deps.out, messages, { quiet });
    if (quiet) deps.out.write(`${Reference}\n`);
  },
});
