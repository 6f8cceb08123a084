import { disablePlugin, enablePlugin, pullPlugin, removePlugin, setPlugin } from "../../../client/plugins.ts";
import { minArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { bool, string } from "../../flags/kinds.ts";
import { displayProgress } from "../../progress/display.ts";
import { Questions } from "../../prompt.ts";
import { familiarString, parseReference, withDefaultTag } from "../../reference.ts";
import { refuseContentTrust, trustFlag } from "../../trust.ts";
import { grantedPull } from "./grant.ts";

export default defineCommand({
  usage: "[OPTIONS] PLUGIN [KEY=VALUE...]",
  args: minArgs(1),
  flags: {
    alias: string("Name of the plugin on this engine"),
    disable: bool("Leave the plugin off"),
    "disable-content-trust": trustFlag("Skip the check of signatures"),
    "grant-all-permissions": bool("Grant without asking what the plugin wants to be allowed"),
  },
  async run(deps, [remote = "", ...settings], flags) {
    refuseContentTrust(deps, flags["disable-content-trust"]);
    const name = localName(flags.alias);
    const client = await deps.client();
    const pull = await grantedPull(deps, new Questions(deps), remote, flags["grant-all-permissions"]);
    try {
      await displayProgress(deps.out, pullPlugin(client, { ...pull, ...(name && { name }) }));
    } catch (error) {
      if (error instanceof Error && error.message.includes("(image) when fetching")) {
        throw new CliError(`${error.message} - Use "${deps.command.split(" ")[0]} image pull"`);
      }
      throw error;
    }
    const installed = name || familiarString(withDefaultTag(parseReference(remote)));
    try {
      if (settings.length > 0) await setPlugin(client, installed, settings);
      if (!flags.disable) await enablePlugin(client, installed);
    } catch (error) {
      // What does not get going is not left behind half installed.
      await disablePlugin(client, installed, true).catch(() => {});
      await removePlugin(client, installed, true).catch(() => {});
      throw error;
    }
    deps.out.write(`Installed plugin ${remote}\n`);
  },
});

function localName(alias: string): string {
  if (alias === "") return "";
  const reference = parseReference(alias);
  if (reference.digest !== undefined) throw new CliError(`invalid name: ${alias}`);
  return familiarString(withDefaultTag(reference));
}
