import { ConnectionError } from "../../../client/errors.ts";
import { engineInfoRaw } from "../../../client/system.ts";
import { hubKey } from "../../auth/credentials.ts";
import { noArgs } from "../../args.ts";
import { clientInfo, type ClientInfo } from "../../client-info.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { parseJson } from "../../format/json.ts";
import { templateFailure } from "../../format/rows.ts";
import { parseTemplate, type Template, TemplateError } from "../../format/template/template.ts";
import { isObject } from "../../format/template/value.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: { format: string(inspectFormatHelp, { short: "f" }) },
  async run(ctx, _args, { format }) {
    const client = { Debug: ctx.globals.debug, ...(await clientInfo(ctx)), Plugins: [], Warnings: null };
    if (format === "") return pretty(ctx, client);
    return formatted(ctx, client, format);
  },
});

/** The engine's answer, and what went wrong with it. A failed connection is thrown only where nothing else can be shown. */
async function ask(ctx: CommandContext): Promise<{ info: Record<string, unknown> | null; failure: Error | null }> {
  try {
    const info = parseJson(await engineInfoRaw(await ctx.client()));
    return { info: isObject(info) ? info : {}, failure: null };
  } catch (error) {
    return { info: null, failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function pretty(ctx: CommandContext, client: ClientInfo & { Debug: boolean }): Promise<void> {
  ctx.out.write(`Client:\n Version:    ${client.Version}\n Context:    ${client.Context}\n Debug Mode: ${client.Debug}\n\nServer:\n`);
  const { info, failure } = await ask(ctx);
  if (info) {
    const { infoText } = await import("../../format/info.ts");
    const stored = (await ctx.config()).auths?.[hubKey];
    const user = stored?.auth ? (Buffer.from(stored.auth, "base64").toString().split(":")[0] ?? "") : "";
    ctx.out.write(infoText(info, { debug: ctx.globals.debug, userName: user }));
    await ctx.out.flush();
    for (const warning of Array.isArray(info["Warnings"]) ? info["Warnings"] : []) ctx.err.write(`${String(warning)}\n`);
  }
  if (!failure) return;
  await ctx.out.flush();
  if (failure instanceof ConnectionError) throw failure;
  ctx.err.write(`ERROR: ${failure.message}\n`);
  throw new CliError("errors pretty printing info");
}

async function formatted(ctx: CommandContext, client: ClientInfo, format: string): Promise<void> {
  let template: Template;
  try {
    template = parseTemplate(format === "json" ? "{{json .}}" : format);
  } catch (error) {
    throw new CliError(templateFailure(error).message, 64);
  }
  const { infoView } = await import("../../format/info-view.ts");
  if (!needsEngine(format, template, client)) {
    ctx.out.write(`${template.run(await infoView(null, client, []))}\n`);
    return;
  }
  const { info, failure } = await ask(ctx);
  const isServerError = failure !== null && !(failure instanceof ConnectionError);
  const serverErrors = failure && isServerError ? [failure.message] : [];
  for (const message of serverErrors) ctx.err.write(`${message}\n`);
  let text = "";
  const errors: Error[] = failure && !isServerError ? [failure] : [];
  try {
    template.run(await infoView(info, client, serverErrors), { write: (piece) => (text += piece) });
  } catch (error) {
    errors.push(error instanceof TemplateError ? error : templateFailure(error));
  }
  ctx.out.write(`${text}\n`);
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
