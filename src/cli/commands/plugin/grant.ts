import { type PluginPull, pluginPrivileges } from "../../../client/plugins.ts";
import { show } from "../../../lib/template/print.ts";
import { registryAuth } from "../../auth/credentials.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import type { Questions } from "../../prompt.ts";
import { fullString, parseReference } from "../../reference.ts";

/** What a plugin's pull needs: its credentials, and the permissions that the user grants it. */
export async function grantedPull(
  deps: CommandDeps,
  questions: Questions,
  remote: string,
  grantAll: boolean,
): Promise<PluginPull> {
  const reference = parseReference(remote);
  const name = fullString(reference);
  const auth = await registryAuth(deps, reference.domain);
  const privileges = await pluginPrivileges(await deps.client(), name, auth);
  if (!grantAll && privileges.length > 0) {
    deps.out.write(`Plugin "${remote}" is requesting the following privileges:\n`);
    for (const { Name = "", Value } of privileges) deps.out.write(` - ${Name}: ${show(Value ?? [])}\n`);
    if (!(await questions.confirm("Do you grant the above permissions?")))
      throw new CliError(`permission denied while installing plugin ${name}`);
  }
  return { remote: name, privileges, registryAuth: auth };
}
