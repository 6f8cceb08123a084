import type { Plugin } from "../../../api/types/plugin.ts";
import { inspectPluginRaw, upgradePlugin } from "../../../client/plugins.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { rangeArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool } from "../../flags/kinds.ts";
import { displayProgress } from "../../progress/display.ts";
import { Questions } from "../../prompt.ts";
import { familiarString, fullString, parseReference, type Reference, withDefaultTag } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";
import { grantedPull } from "./grant.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN [REMOTE]",
  args: rangeArgs(1, 2),
  flags: {
    "disable-content-trust": trustFlag("Skip the check of signatures"),
    "grant-all-permissions": bool("Grant without asking what the plugin wants to be allowed"),
    "skip-remote-check": bool("Do not ask where the new plugin comes from another place than the old one"),
  },
  async run(deps, [local = "", given], flags) {
    refuseContentTrust(deps, flags["disable-content-trust"]);
    const client = await deps.client();
    const plugin: Plugin = await inspectPluginRaw(client, local).then(JSON.parse, (error: unknown) => {
      throw new CliError(`error reading plugin data: ${errorMessage(error)}`);
    });
    if (plugin.Enabled) throw new CliError("the plugin must be disabled before upgrading");
    const remote = given ?? plugin.PluginReference ?? "";
    const [to, from] = [
      parse(remote, "error parsing remote upgrade image reference"),
      parse(plugin.PluginReference ?? "", "error parsing current image reference"),
    ];
    deps.out.write(`Upgrading plugin ${plugin.Name} from ${familiarString(from)} to ${familiarString(to)}\n`);
    const questions = new Questions(deps);
    if (
      !flags["skip-remote-check"] &&
      fullString(to) !== fullString(from) &&
      !(await questions.confirm("Plugin images do not match, are you sure?"))
    ) {
      return;
    }
    const pull = await grantedPull(deps, questions, remote, flags["grant-all-permissions"]);
    await displayProgress(deps.out, upgradePlugin(client, plugin.Name, pull));
    deps.out.write(`Upgraded plugin ${plugin.Name} to ${remote}\n`);
  },
});

function parse(name: string, failure: string): Reference {
  try {
    return withDefaultTag(parseReference(name));
  } catch (error) {
    throw new CliError(`${failure}: ${errorMessage(error)}`);
  }
}
