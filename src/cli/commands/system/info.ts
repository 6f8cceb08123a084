import { ConnectionError } from "../../../client/errors.ts";
import { engineInfoRaw } from "../../../client/system.ts";
import { parseJson } from "../../../lib/template/json.ts";
import { parseTemplate, type Template, TemplateError } from "../../../lib/template/template.ts";
import { isObject } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { hubKey } from "../../auth/credentials.ts";
import { type ClientInfo, clientInfo } from "../../client-info.ts";
import { defineCommand } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { templateFailure } from "../../format/rows.ts";
import { allPlugins, type Plugin } from "../../plugins/plugin.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: { format: string(inspectFormatHelp, { short: "f" }) },
  async run(deps, _args, { format }) {
    // Each is a program to be asked: only where somebody will see it.
    const seen = format === "" || /Client|json|\{\{-?\s*\.\s*-?\}\}/.test(format);
    const plugins = !seen ? [] : await allPlugins({ configDir: deps.configDir, config: await deps.config() });
    const client = { Debug: deps.globals.debug, ...(await clientInfo(deps)), Plugins: plugins, Warnings: null };
    if (format === "") return pretty(deps, client);
    return formatted(deps, client, format);
  },
});

/**
 * The engine's answer, and what went wrong with it. A failed connection is thrown only where nothing else can be shown.
 */
async function ask(deps: CommandDeps): Promise<{ info: Record<string, unknown> | null; failure: Error | null }> {
  try {
    const info = parseJson(await engineInfoRaw(await deps.client()));
    return { info: isObject(info) ? info : {}, failure: null };
  } catch (error) {
    return { info: null, failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function pretty(
  deps: CommandDeps,
  client: ClientInfo & { Debug: boolean; Plugins: readonly Plugin[] },
): Promise<void> {
  deps.out.write(
    `Client: ${client.Platform.Name}\n Version:    ${client.Version}\n Context:    ${client.Context}\n Debug ` +
      `Mode: ${client.Debug}\n`,
  );
  await pluginLines(deps, client.Plugins);
  deps.out.write("\nServer:\n");
  const { info, failure } = await ask(deps);
  if (info) {
    const { infoText } = await import("../../format/info.ts");
    const stored = (await deps.config()).auths?.[hubKey];
    const user = stored?.auth ? (Buffer.from(stored.auth, "base64").toString().split(":")[0] ?? "") : "";
    deps.out.write(infoText(info, { debug: deps.globals.debug, userName: user }));
    await deps.out.flush();
    for (const warning of Array.isArray(info["Warnings"]) ? info["Warnings"] : [])
      deps.err.write(`${String(warning)}\n`);
  }
  if (!failure) return;
  await deps.out.flush();
  if (failure instanceof ConnectionError) throw failure;
  deps.err.write(`ERROR: ${failure.message}\n`);
  throw new CliError("errors pretty printing info");
}

/** The sound ones on the output, a warning of each other. */
async function pluginLines(deps: CommandDeps, plugins: readonly Plugin[]): Promise<void> {
  const sound = plugins.filter(({ Err }) => Err === undefined);
  if (sound.length > 0) deps.out.write(" Plugins:\n");
  for (const { Name, ShortDescription = "", Vendor = "", Version, Path } of sound) {
    deps.out.write(
      `  ${Name}: ${ShortDescription} (${Vendor})\n${Version ? `    Version:  ${Version}\n` : ""}    Path:     ` +
        `${Path}\n`,
    );
  }
  await deps.out.flush();
  for (const { Path, Err } of plugins)
    if (Err !== undefined) deps.err.write(`WARNING: Plugin ${JSON.stringify(Path)} is not valid: ${Err}\n`);
  await deps.err.flush();
}

async function formatted(deps: CommandDeps, client: ClientInfo, format: string): Promise<void> {
  let template: Template;
  try {
    template = parseTemplate(format === "json" ? "{{json .}}" : format);
  } catch (error) {
    throw new CliError(templateFailure(error).message, 64);
  }
  const { infoView } = await import("../../format/info-view.ts");
  if (!needsEngine(format, template, client)) {
    deps.out.write(`${template.run(await infoView(null, client, []))}\n`);
    return;
  }
  const { info, failure } = await ask(deps);
  const isServerError = failure !== null && !(failure instanceof ConnectionError);
  const serverErrors = failure && isServerError ? [failure.message] : [];
  for (const message of serverErrors) deps.err.write(`${message}\n`);
  let text = "";
  const errors: Error[] = failure && !isServerError ? [failure] : [];
  try {
    template.run(await infoView(info, client, serverErrors), { write: (piece) => (text += piece) });
  } catch (error) {
    errors.push(error instanceof TemplateError ? error : templateFailure(error));
  }
  deps.out.write(`${text}\n`);
  if (errors.length > 0) throw new CliError(errors.map(({ message }) => message).join("\n"));
}

/** False where the template names fields and all of them are the client's own: then nothing is asked of the engine. */
function needsEngine(format: string, template: Template, client: ClientInfo): boolean {
  if (format === "json" || format === "{{json .}}" || !/\.[a-zA-Z]/.test(format)) return true;
  try {
    template.run({ ClientInfo: client, ClientErrors: null }, { missingKey: "error" });
    return false;
  } catch {
    return true;
  }
}
