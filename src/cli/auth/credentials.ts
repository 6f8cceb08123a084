/**
 * Credentials of registries, kept where docker keeps them: by a helper program (`credHelpers`, `credsStore`) or in
 * config.json itself.
 */
import { type ConfigFile, type StoredAuth, writeConfig } from "../config/file.ts";
import type { CommandDeps } from "../deps.ts";
import { type Credentials, eraseWithHelper, getFromHelper, listWithHelper, storeWithHelper } from "./helper.ts";

/** The key under which Docker Hub's credentials stand. */
export const hubKey = "https://index.docker.io/v1/";

/** The key for the registry of an image's domain. */
export function registryKey(domain: string): string {
  return domain === "docker.io" || domain === "index.docker.io" ? hubKey : domain;
}

/** `https://host:port/v1/` → `host:port`. */
export function registryHost(address: string): string {
  if (address.includes("://") && URL.canParse(address)) {
    const { host } = new URL(address);
    if (host !== "") return host;
  }
  return address.split("/")[0] ?? "";
}

function helperFor(config: ConfigFile, key: string): string | undefined {
  return config.credHelpers?.[key] ?? (config.credsStore || undefined);
}

/** What is stored for a registry; empty where nothing is. */
export async function getCredentials(deps: CommandDeps, key: string): Promise<Credentials> {
  const config = await deps.config();
  const helper = helperFor(config, key);
  if (helper !== undefined) {
    const found = await getFromHelper(deps.env, helper, key);
    const { email } = fromFile(config, key);
    return { ...found, ...(email && { email }) };
  }
  return fromFile(config, key);
}

function fromFile(config: ConfigFile, key: string): Credentials {
  const auths = config.auths ?? {};
  const name = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((known) => registryHost(known) === key);
  const stored = name === undefined ? undefined : auths[name];
  if (!stored) return {};
  const { username, password } = decode(stored);
  return {
    ...(username && { username }),
    ...(password && { password }),
    ...(stored.email && { email: stored.email }),
    serveraddress: name ?? key,
    ...(stored.identitytoken && { identitytoken: stored.identitytoken }),
    ...(stored.registrytoken && { registrytoken: stored.registrytoken }),
  };
}

function decode({ auth, username = "", password = "" }: StoredAuth): { username: string; password: string } {
  if (!auth) return { username, password };
  const text = Buffer.from(auth, "base64").toString();
  const at = text.indexOf(":");
  if (at < 1) throw new Error("Invalid auth configuration file");
  return { username: text.slice(0, at), password: text.slice(at + 1).replace(/\0+$/, "") };
}

/** Stores credentials under their server address; warns where they come to lie unencrypted. */
export async function storeCredentials(deps: CommandDeps, credentials: Credentials): Promise<void> {
  const config = await deps.config();
  const {
    serveraddress: key = hubKey,
    username = "",
    password = "",
    email,
    identitytoken,
    registrytoken,
  } = credentials;
  const helper = helperFor(config, key);
  if (helper !== undefined) {
    await storeWithHelper(deps.env, helper, credentials);
    await save(deps, config, key, email ? { email } : {});
    return;
  }
  const stored: StoredAuth = {
    ...((username || password) && { auth: Buffer.from(`${username}:${password}`).toString("base64") }),
    ...(email && { email }),
    ...(identitytoken && { identitytoken }),
    ...(registrytoken && { registrytoken }),
  };
  if (Bun.deepEquals(config.auths?.[key], stored)) return;
  await save(deps, config, key, stored);
  if (password) {
    deps.err.write(`
WARNING! Your credentials are stored unencrypted in '${deps.configDir}/config.json'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

`);
  }
}

async function save(deps: CommandDeps, config: ConfigFile, key: string, stored: StoredAuth): Promise<void> {
  config.auths = { ...config.auths, [key]: stored };
  await writeConfig(deps.configDir, config);
}

/** Forgets what is stored for a registry. */
export async function eraseCredentials(deps: CommandDeps, key: string): Promise<void> {
  const config = await deps.config();
  const helper = helperFor(config, key);
  if (helper !== undefined) await eraseWithHelper(deps.env, helper, key);
  if (!config.auths || !Object.hasOwn(config.auths, key)) return;
  delete config.auths[key];
  await writeConfig(deps.configDir, config);
}

/** The `X-Registry-Auth` header for an image's domain. */
export async function registryAuth(deps: CommandDeps, domain: string): Promise<string> {
  return encodeAuth(await getCredentials(deps, registryKey(domain)));
}

export function encodeAuth(credentials: Credentials | Record<string, Credentials>): string {
  return Buffer.from(JSON.stringify(credentials)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

/** What is stored for every registry, as a build sends it along. */
export async function allCredentials(deps: CommandDeps): Promise<Record<string, Credentials>> {
  const config = await deps.config();
  const keys = new Set([
    ...Object.keys(config.auths ?? {}),
    ...Object.keys(config.credHelpers ?? {}),
    ...(config.credsStore ? await listWithHelper(deps.env, config.credsStore).catch(() => []) : []),
  ]);
  const found: Record<string, Credentials> = {};
  for (const key of keys) {
    // A helper that fails for one registry must not end a build that may not need it.
    const credentials = await getCredentials(deps, key).catch((): Credentials => ({}));
    if (Object.keys(credentials).length > 0) found[key] = credentials;
  }
  return found;
}
