/** Creates a container as `run` and `create` do: pulls the image where needed, writes the id file, prints warnings. */
import type { Client } from "../../../client/client.ts";
import { createContainer, type CreateBody } from "../../../client/containers.ts";
import { isNotFound } from "../../../client/errors.ts";
import type { CommandContext } from "../../context.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { createBody } from "./options/config.ts";
import type { createFlags } from "./options/flags.ts";

export type CreateFlags = FlagValues<typeof createFlags>;

/** The request's body from the command line; throws what is wrong with it, before the engine is asked. */
export async function bodyOf(ctx: CommandContext, [image = "", ...command]: readonly string[], flags: CreateFlags): Promise<CreateBody> {
  if (!["", "always", "missing", "never"].includes(flags.pull)) {
    throw new Error(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
  }
  const [client, { proxies }] = await Promise.all([ctx.client(), ctx.config()]);
  return createBody({ flags, changed: ctx.changed, image, command, cwd: process.cwd(), env: ctx.env, ...(proxies && { proxies }), engineHost: client.host });
}

/** Returns the container's id. */
export async function newContainer(ctx: CommandContext, client: Client, body: CreateBody, flags: CreateFlags): Promise<string> {
  const platform = flags.platform || ctx.env["DOCKER_DEFAULT_PLATFORM"] || "";
  await using idFile = flags.cidfile === "" ? null : await (await import("./id-file.ts")).openIdFile(flags.cidfile);
  const shared = flags["use-api-socket"] ? await (await import("./api-socket.ts")).shareApiSocket(ctx, body) : null;
  const image = body.Image ?? "";
  const pull = async () => (await import("./pull-image.ts")).pullForContainer(ctx, client, image, { platform, quiet: flags.quiet });
  if (flags.pull === "always") await pull();
  if (body.Tty && body.HostConfig && ctx.out.isTerminal) {
    const [columns, rows] = ctx.out.size();
    body.HostConfig.ConsoleSize = [rows, columns];
  }
  const create = async () => createContainer(client, body, { name: flags.name, platform: await normalPlatform(platform) });
  let created;
  try {
    created = await create();
  } catch (error) {
    if (!isNotFound(error) || flags.pull !== "missing" || !error.reason.includes("No such image")) throw error;
    if (!flags.quiet) {
      const { familiarString, parseReference, withDefaultTag } = await import("../../reference.ts");
      ctx.err.write(`Unable to find image '${familiarString(withDefaultTag(parseReference(image)))}' locally\n`);
    }
    await pull();
    created = await create();
  }
  const warnings = [...(created.Warnings ?? [])];
  const problem = await shared?.(client, created.Id);
  if (problem) warnings.push(problem);
  for (const warning of warnings) ctx.err.write(`WARNING: ${warning}\n`);
  await idFile?.write(created.Id);
  return created.Id;
}

/** As the engine takes it: `arm64` → `linux/arm64`. */
async function normalPlatform(platform: string): Promise<string> {
  if (platform === "") return "";
  const { parsePlatform } = await import("../../platform.ts");
  const { os, architecture, variant } = parsePlatform(platform);
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}
