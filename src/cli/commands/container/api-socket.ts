import type { Client } from "../../../client/client.ts";
import { copyToContainer } from "../../../client/archive.ts";
import type { CreateBody } from "../../../client/containers.ts";
import { tarEntry } from "../../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../../lib/tar/writer.ts";
import { type Credentials, getCredentials } from "../../auth/credentials.ts";
import type { CommandContext } from "../../context.ts";

const configDir = "/run/secrets/docker";

/**
 * `--use-api-socket`: mounts the engine's socket where clients look for it, and names a configuration directory with
 * our credentials. Returns what puts that configuration into the created container; it resolves to a warning or null.
 */
export async function shareApiSocket(ctx: CommandContext, body: CreateBody): Promise<(client: Client, id: string) => Promise<string | null>> {
  const { host } = await ctx.client();
  if (!host.startsWith("unix://")) throw new Error(`flag --use-api-socket can only be used with unix sockets: docker endpoint ${host} incompatible`);
  const mount = { Type: "bind" as const, Source: host.slice("unix://".length), Target: "/var/run/docker.sock", BindOptions: {} };
  body.HostConfig = { ...body.HostConfig, Mounts: [...(body.HostConfig?.Mounts ?? []), mount] };
  if (body.Env?.some((one) => one.startsWith("DOCKER_CONFIG="))) return async () => null;
  const auths = await allCredentials(ctx);
  if (Object.keys(auths).length === 0) return async () => null;
  body.Env = [...(body.Env ?? []), `DOCKER_CONFIG=${configDir}`];
  return async (client, id) => {
    try {
      await copyToContainer(client, id, "/", configArchive(auths), { noOverwriteDirNonDir: false });
      return null;
    } catch (error) {
      return `injecting docker config.json into container failed: ${error instanceof Error ? error.message : error}`;
    }
  };
}

async function allCredentials(ctx: CommandContext): Promise<Record<string, Credentials>> {
  const { auths = {}, credHelpers = {} } = await ctx.config();
  const found: Record<string, Credentials> = {};
  for (const key of new Set([...Object.keys(auths), ...Object.keys(credHelpers)])) {
    const credentials = await getCredentials(ctx, key);
    if (credentials.username || credentials.identitytoken) found[key] = credentials;
  }
  return found;
}

async function* configArchive(credentials: Record<string, Credentials>): AsyncGenerator<Uint8Array> {
  const auths = Object.fromEntries(Object.entries(credentials).map(([key, { username, password, identitytoken }]) => [
    key, identitytoken ? { identitytoken } : { auth: Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64") },
  ]));
  const content = Buffer.from(`${JSON.stringify({ auths }, null, "\t")}\n`);
  yield encodeHeader(tarEntry({ name: `${configDir.slice(1)}/config.json`, size: content.length, mode: 0o600 }));
  yield content;
  yield padding(content.length);
  yield endOfArchive();
}
