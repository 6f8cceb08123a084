/** `/plugins/*`. */
import type { ProgressEvent } from "../api/progress.ts";
import type { Plugin, PluginPrivilege } from "../api/types/plugin.ts";
import type { Client } from "./client.ts";
import type { Filters } from "./containers.ts";
import { pathPart } from "./path.ts";
import { progress } from "./progress.ts";
import { filtersJson } from "./query.ts";

const at = (plugin: string, rest = "") => `/plugins/${pathPart("plugin", plugin)}${rest}`;
const authHeader = (registryAuth: string | undefined) => ({ "X-Registry-Auth": registryAuth ?? "e30=" });

/** Plugins that are installed, of those the filters let through. */
export function listPlugins(client: Client, filters?: Filters): Promise<Plugin[]> {
  return client.json("GET", "/plugins", { query: { filters: filtersJson(filters) } });
}

/**
 * Everything about one plugin, as the JSON text that the engine sent. Throws {@link ApiError} (404) if there is none.
 */
export function inspectPluginRaw(client: Client, plugin: string): Promise<string> {
  return client.text("GET", at(plugin, "/json"));
}

/** What the plugin `remote` wants to be allowed, asked before it is installed. `registryAuth`: base64 JSON. */
export function pluginPrivileges(client: Client, remote: string, registryAuth?: string): Promise<PluginPrivilege[]> {
  return client.json("GET", "/plugins/privileges", { query: { remote }, headers: authHeader(registryAuth) });
}

/**
 * What to install: `remote` is its reference in a registry, `name` its local one (undefined: the same), and
 * `privileges` is what the user has allowed it.
 */
export interface PluginPull {
  remote: string;
  name?: string;
  privileges: readonly PluginPrivilege[];
  registryAuth?: string;
}

/** Installs a plugin, not yet enabled, and yields its progress. */
export function pullPlugin(
  client: Client,
  { remote, name, privileges, registryAuth }: PluginPull,
): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", "/plugins/pull", {
    query: { remote, name },
    json: privileges,
    headers: authHeader(registryAuth),
  });
}

/** Replaces an installed plugin by `remote` and yields its progress. */
export function upgradePlugin(
  client: Client,
  plugin: string,
  { remote, privileges, registryAuth }: PluginPull,
): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", at(plugin, "/upgrade"), {
    query: { remote },
    json: privileges,
    headers: authHeader(registryAuth),
  });
}

/** Sends a plugin to its registry and yields its progress. `registryAuth`: base64 JSON; undefined: none. */
export function pushPlugin(client: Client, plugin: string, registryAuth?: string): AsyncGenerator<ProgressEvent> {
  return progress(client, "POST", at(plugin, "/push"), { headers: authHeader(registryAuth) });
}

/** Makes a plugin of a tar archive with its `config.json` and `rootfs` folder. */
export async function createPlugin(client: Client, name: string, context: AsyncIterable<Uint8Array>): Promise<void> {
  await client.text("POST", "/plugins/create", {
    query: { name },
    headers: { "Content-Type": "application/x-tar" },
    body: context,
  });
}

/** Deletes a plugin; `force`: also when it is enabled. */
export async function removePlugin(client: Client, plugin: string, force = false): Promise<void> {
  await client.text("DELETE", at(plugin), { query: { force } });
}

/** `timeout` in seconds; 0 leaves it to the engine. */
export async function enablePlugin(client: Client, plugin: string, timeout = 0): Promise<void> {
  await client.text("POST", at(plugin, "/enable"), { query: { timeout } });
}

/** Turns a plugin off; `force`: also when something uses it. */
export async function disablePlugin(client: Client, plugin: string, force = false): Promise<void> {
  await client.text("POST", at(plugin, "/disable"), { query: { force } });
}

/** Changes a plugin's settings, each `NAME=value`. */
export async function setPlugin(client: Client, plugin: string, settings: readonly string[]): Promise<void> {
  await client.text("POST", at(plugin, "/set"), { json: settings });
}
