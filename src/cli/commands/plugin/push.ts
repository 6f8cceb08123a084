import { pushPlugin } from "../../../client/plugins.ts";
import { exactArgs } from "../../args.ts";
import { registryAuth } from "../../auth/credentials.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { displayProgress } from "../../progress/display.ts";
import { familiarString, parseReference, withDefaultTag } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN[:TAG]",
  args: exactArgs(1),
  flags: { "disable-content-trust": trustFlag("Skip signing") },
  async run(deps, [name = ""], flags) {
    refuseContentTrust(deps, flags["disable-content-trust"]);
    const reference = withDefaultTag(parseReference(name));
    if (reference.digest !== undefined) throw new CliError(`invalid name: ${name}`);
    await displayProgress(
      deps.out,
      pushPlugin(await deps.client(), familiarString(reference), await registryAuth(deps, reference.domain)),
    );
  },
});
