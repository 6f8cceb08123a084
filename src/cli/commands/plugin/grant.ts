import { pluginPrivileges, type PluginPull } from "../../../client/plugins.ts";
import { registryAuth } from "../../auth/credentials.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { show } from "../../format/template/print.ts";
import type { Questions } from "../../prompt.ts";
import { fullString, parseReference } from "../../reference.ts";

/** What a plugin's pull needs: its credentials, and the permissions that the user grants it. */
export async function grantedPull(ctx: CommandContext, questions: Questions, remote: string, grantAll: boolean): Promise<PluginPull> {
  const reference = parseReference(remote);
  const name = fullString(reference);
  const auth = await registryAuth(ctx, reference.domain);
  const privileges = await pluginPrivileges(await ctx.client(), name, auth);
  if (!grantAll && privileges.length > 0) {
    ctx.out.write(`Plugin "${remote}" is requesting the following privileges:\n`);
    for (const { Name = "", Value } of privileges) ctx.out.write(` - ${Name}: ${show(Value ?? [])}\n`);
    if (!(await questions.confirm("Do you grant the above permissions?"))) throw new CliError(`permission denied while installing plugin ${name}`);
  }
  return { remote: name, privileges, registryAuth: auth };
}
