import type { CreateBody } from "../../../api/types/container.ts";
import { putFiles } from "../../../client/archive.ts";
import type { Client } from "../../../client/client.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { tarEntry } from "../../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../../lib/tar/writer.ts";
import { getCredentials } from "../../auth/credentials.ts";
import type { Credentials } from "../../auth/helper.ts";
import type { CommandDeps } from "../../deps.ts";

const configDir = "/run/secrets/docker";

/**
 * `--use-api-socket`: mounts the engine's socket where clients look for it, and names a configuration directory with
 * our credentials. Returns what puts that configuration into the created container; it resolves to a warning or null.
 */
export async function shareApiSocket(
  deps: CommandDeps,
  body: CreateBody,
): Promise<(client: Client, id: string) => Promise<string | null>> {
  const { host } = await deps.client();
  if (!host.startsWith("unix://"))
    throw new Error(`flag --use-api-socket can only be used with unix sockets: docker endpoint ${host} incompatible`);
  const mount = {
    Type: "bind" as const,
    Source: host.slice("unix://".length),
    Target: "/var/run/docker.sock",
    BindOptions: {},
  };
  body.HostConfig = { ...body.HostConfig, Mounts: [...(body.HostConfig?.Mounts ?? []), mount] };
  if (body.Env?.some((one) => one.startsWith("DOCKER_CONFIG="))) return async () => null;
  const auths = await allCredentials(deps);
  if (Object.keys(auths).length === 0) return async () => null;
  body.Env = [...(body.Env ?? []), `DOCKER_CONFIG=${configDir}`];
  return async (client, id) => {
    try {
      await putFiles(client, { kind: "container", name: id }, "/", configArchive(auths), {
        noOverwriteDirNonDir: false,
      });
      return null;
    } catch (error) {
      return `injecting docker config.json into container failed: ${errorMessage(error)}`;
    }
  };
}

async function allCredentials(deps: CommandDeps): Promise<Record<string, Credentials>> {
  const { auths = {}, credHelpers = {} } = await deps.config();
  const found: Record<string, Credentials> = {};
  for (const key of new Set([...Object.keys(auths), ...Object.keys(credHelpers)])) {
    const credentials = await getCredentials(deps, key);
    if (credentials.username || credentials.identitytoken) found[key] = credentials;
  }
  return found;
}

async function* configArchive(credentials: Record<string, Credentials>): AsyncGenerator<Uint8Array> {
  const auths = Object.fromEntries(
    Object.entries(credentials).map(([key, { username, password, identitytoken }]) => [
      key,
      identitytoken
        ? { identitytoken }
        : { auth: Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64") },
    ]),
  );
  const content = Buffer.from(`${JSON.stringify({ auths }, null, "\t")}\n`);
  yield encodeHeader(tarEntry({ name: `${configDir.slice(1)}/config.json`, size: content.length, mode: 0o600 }));
  yield content;
  yield padding(content.length);
  yield endOfArchive();
}
