/** Creates a container as `run` and `create` do: pulls the image where needed, writes the id file, prints warnings. */

import type { CreateBody } from "../../../api/types/container.ts";
import type { Client } from "../../../client/client.ts";
import { createContainer } from "../../../client/containers.ts";
import { isNotFound } from "../../../client/errors.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { CommandDeps } from "../../deps.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { createBody } from "./options/config.ts";
import type { createFlags } from "./options/flags.ts";

export type CreateFlags = FlagValues<typeof createFlags>;

/** The request's body from the command line; throws what is wrong with it, before the engine is asked. */
export async function bodyOf(
  deps: CommandDeps,
  [image = "", ...command]: readonly string[],
  flags: CreateFlags,
): Promise<CreateBody> {
  if (!["", "always", "missing", "never"].includes(flags.pull)) {
    throw new Error(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
  }
  const [client, { proxies }] = await Promise.all([deps.client(), deps.config()]);
  return createBody({
    flags,
    changed: deps.changed,
    image,
    command,
    cwd: process.cwd(),
    env: deps.env,
    ...(proxies && { proxies }),
    engineHost: client.host,
  });
}

/** Returns the container's id. */
export async function newContainer(
  deps: CommandDeps,
  client: Client,
  body: CreateBody,
  flags: CreateFlags,
): Promise<string> {
  const platform = flags.platform || deps.env["DOCKER_DEFAULT_PLATFORM"] || "";
  await using idFile = flags.cidfile === "" ? null : await (await import("./id-file.ts")).openIdFile(flags.cidfile);
  const shared = flags["use-api-socket"] ? await (await import("./api-socket.ts")).shareApiSocket(deps, body) : null;
  const image = body.Image ?? "";
  // What is no name is told before anything is asked; an id is one of another kind.
  if (image !== "" && !/^(sha256:)?[a-f0-9]{64}$/.test(image))
    (await import("../../reference.ts")).parseReference(image);
  const pull = async () =>
    (await import("./pull-image.ts")).pullForContainer(deps, client, image, { platform, quiet: flags.quiet });
  if (flags.pull === "always") await pull();
  if (body.Tty && body.HostConfig && deps.out.isTerminal) {
    const [columns, rows] = deps.out.size();
    body.HostConfig.ConsoleSize = [rows, columns];
  }
  const create = async () =>
    createContainer(client, body, { name: flags.name, platform: await normalPlatform(platform) });
  let created;
  try {
    created = await create();
  } catch (error) {
    if (
      !isNotFound(error) ||
      flags.pull !== "missing" ||
      !/No such image|does not match the specified platform/.test(error.reason)
    )
      throw error;
    if (!flags.quiet) {
      const { familiarString, parseReference, withDefaultTag } = await import("../../reference.ts");
      deps.err.write(`Unable to find image '${familiarString(withDefaultTag(parseReference(image)))}' locally\n`);
    }
    await pull();
    created = await create();
  }
  const warnings = [...(created.Warnings ?? [])];
  const problem = await shared?.(client, created.Id);
  if (problem) warnings.push(problem);
  for (const warning of warnings) deps.err.write(`WARNING: ${warning}\n`);
  await idFile?.write(created.Id);
  return created.Id;
}

/** As the engine takes it: `arm64` → `linux/arm64`. */
async function normalPlatform(platform: string): Promise<string> {
  if (platform === "") return "";
  const { parsePlatform } = await import("../../platform.ts");
  try {
    const { os, architecture, variant } = parsePlatform(platform);
    return [os, architecture, ...(variant ? [variant] : [])].join("/");
  } catch (error) {
    throw new Error(`error parsing specified platform: ${errorMessage(error)}`, { cause: error });
  }
}
